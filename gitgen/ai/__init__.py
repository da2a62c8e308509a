"""The models: the endpoint that answers, and the engine and weights that can be that endpoint."""
