"""The pages: what people open in a browser, rendered on the server from the read models.

One file per screen names its addresses and gathers what its template shows; `site` knows how any
page is asked for and answered, `paper` how it is printed, `language` in which language.
"""
