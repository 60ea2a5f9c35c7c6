"""What `parity smoke` has beside the production image: the validator, and a look at how the application is loaded."""
