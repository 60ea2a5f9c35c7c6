<p>token-{{number}} token-{{other}} token-00000000
