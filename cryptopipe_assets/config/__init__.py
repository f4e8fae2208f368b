"""cryptopipe.toml and the environment, typed and checked. Decides nothing by itself."""
