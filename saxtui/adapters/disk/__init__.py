"""What is kept in the state folder: journals and their copies, deployments, drafts, conversations, receipts, runs."""
