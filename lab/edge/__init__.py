"""The REST API's data plane: what answers a client's request in the place of Amazon API Gateway."""
