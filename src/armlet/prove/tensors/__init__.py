"""The proof of programs in integers for networks with windows: straight runs on forms, control on numbers."""
