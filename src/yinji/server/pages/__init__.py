"""The pages, one module each: a function gives the view, and the view has two forms, for people and for programs."""
