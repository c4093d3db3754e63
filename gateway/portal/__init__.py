"""The web portal: typed pages, the templates that show them, and what the browser loads."""
