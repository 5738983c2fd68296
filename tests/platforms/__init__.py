"""Local servers that speak the platforms' protocols: for tests, and for the demo's phones.

They share no code with the product: what a platform checks is written down here a second time, from its documentation.
`harness` holds what all of them stand on; each platform is a module. `python -m platforms` runs them with the page that shows
the employees' phones.
"""
