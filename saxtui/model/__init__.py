"""What things are: deployments, plans, events and the state they fold into, pods, prices, conversations. Pure."""
