"""Carries out reloads: which slot imports saved code, when requests go there, and what becomes of those that have served."""
