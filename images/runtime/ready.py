# Nothing: that Apache has run this says in its log that `instruments.py`, which imports the application or stands by, has ended.
