"""What readers may see, and the protocols that promise it.

`clocks`: logical time, which tells what could have caused what (notebook 20).
"""
