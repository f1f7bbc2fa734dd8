"""Everything seen on screen: map layers, tiles, pages and the server's own routes."""
