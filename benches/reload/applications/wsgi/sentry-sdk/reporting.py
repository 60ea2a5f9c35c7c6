from sentry_sdk.transport import Transport

NUMBER = "00000000"
kept = []


class Kept(Transport):
    def capture_envelope(self, envelope):
        kept.append(envelope)


def before_send(event, hint):
    event["extra"] = {"number": f"token-{NUMBER}"}
    return event
