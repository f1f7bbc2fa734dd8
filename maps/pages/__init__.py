"""The pages of the dashboard; each module has one `render()`."""
