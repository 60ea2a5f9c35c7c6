<%inherit file="layout.mako"/>
token-${number} token-00000000 ${heading("Orders")}
