"""Records what passes between the server and the application, in each process that serves it, and changes nothing of it.

    bodies      what is kept of a body as it passes
    wrapper     the function around the application
    frameworks  what Django, Flask and SQLAlchemy say of a request by their own signals
    variables   what variables held where an exception was raised, where that is wanted
    sending     the queue, and the thread that sends what is in it to the collector
    serving     the way into mod_wsgi

A request is one frame, in the words of `wrapper.Record.message`; `src/requests/message.rs` reads it.
"""
