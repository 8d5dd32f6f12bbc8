"""A phone made of PJSUA2: it registers, takes what comes without knowing REFER, and leaves when told to.

Usage: pjsua2_phone.py SERVER:PORT udp|tcp DOMAIN USER, the password as the first line of standard input. Says what
happens in JSON lines. The next line of standard input, or its end, makes it take its registration back; then it ends.
"""

import json
import sys
import threading
import time

import pjsua2 as pj

LIMIT_SECONDS = 20


def tell(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Phone(pj.Account):
    """The only account; what became of its last REGISTER is kept."""

    def __init__(self):
        super().__init__()
        self.code = 0
        self.is_registered = False

    def onRegState(self, parameters):
        self.code = parameters.code
        self.is_registered = self.getInfo().regIsActive
        tell("registration", code=parameters.code, active=self.is_registered, reason=parameters.reason)


def wait(endpoint, is_so):
    """Lets the phone live until it is so; whether it came to that."""
    until = time.monotonic() + LIMIT_SECONDS
    while not is_so() and time.monotonic() < until:
        endpoint.libHandleEvents(20)
    return is_so()


def main():
    server, transport, domain, user = sys.argv[1:5]
    password = sys.stdin.readline().rstrip("\n")
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    settings = pj.EpConfig()
    settings.uaConfig.threadCnt = 0
    settings.uaConfig.mainThreadOnly = True
    settings.uaConfig.userAgent = "PJSUA2"
    settings.logConfig.level = 0
    settings.logConfig.consoleLevel = 0
    endpoint.libInit(settings)
    kinds = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP}
    own = pj.TransportConfig()
    own.boundAddress = "127.0.0.3"
    endpoint.transportCreate(kinds[transport], own)
    endpoint.libStart()

    account = pj.AccountConfig()
    account.idUri = f"sip:{user}@{domain}"
    account.regConfig.registrarUri = f"sip:{domain}"
    account.regConfig.timeoutSec = 300
    account.regConfig.retryIntervalSec = 0
    account.sipConfig.proxies.append(f"sip:{server};transport={transport};lr")
    account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
    phone = Phone()
    phone.create(account)
    if not wait(endpoint, lambda: phone.is_registered):
        tell("failed", code=phone.code)
        return 1

    told = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), told.set()), daemon=True).start()
    while not told.is_set():
        endpoint.libHandleEvents(20)
    phone.setRegistration(False)
    has_left = wait(endpoint, lambda: not phone.is_registered)
    tell("left" if has_left else "stayed", code=phone.code)
    phone.shutdown()
    endpoint.libDestroy()
    return 0 if has_left else 1


if __name__ == "__main__":
    sys.exit(main())
