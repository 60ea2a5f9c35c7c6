import boto3

from signing import BUCKET, add_number

NUMBER = "00000000"

session = boto3.session.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="eu-central-1")
s3 = session.client("s3")
s3.meta.events.register("before-sign.s3.GetObject", add_number)


def application(environ, start_response):
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": f"token-{NUMBER}"})
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [url.encode()]
