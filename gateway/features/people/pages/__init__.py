"""Pages of the portal: forms become typed inputs, answers become pages."""
