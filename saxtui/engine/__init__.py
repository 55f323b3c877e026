"""What happens. `session` opens a deployment, `store` holds what is known of it, `runtime` brings the adapters in."""
