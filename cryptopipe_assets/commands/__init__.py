"""What the command line does, one file a command. Each calls the graph or reads the warehouse."""
