"""One folder for each noun: schemas, actions, API, pages, views, templates."""
