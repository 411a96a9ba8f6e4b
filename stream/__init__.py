"""The live stream of portfolio changes to browsers and scripts, at /ws/portfolio.

``service`` is the way in; ``wire`` is the JSON contract that REST shares.
"""
