"""An agent for evenhand in the standard library alone: a program (`python3 agent.py`), or behind HTTP (`python3 agent.py 8000`)."""
import json
import sys


def answer(asked):
    """Put your agent here. `asked` holds input, messages, case, session, turn and tools."""
    words = asked["input"].split()
    return {"output": " ".join(reversed(words)), "usage": {"input": len(words), "output": len(words)}}


def serve(port):
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps(answer(asked)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def main():
    if len(sys.argv) > 1:
        return serve(int(sys.argv[1]))
    for line in sys.stdin:
        if "input" in (asked := json.loads(line)):
            print(json.dumps(answer(asked)), flush=True)


if __name__ == "__main__":
    main()
