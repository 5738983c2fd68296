"""Who is who: HR's accounts and roles, the roster of employees, whose chat is whose, and consents."""
