"""Two policies side by side on the map: what is drawn, what the legend says, and the chart of municipalities."""
