# Soft keys: at most eight characters, phones cut longer ones.
key-sign-in = SignIn
key-exit = Exit
key-erase = Erase
key-ready = Ready
key-not-ready = NotReady
key-wrap-up = WrapUp
key-call = CData
key-home = State
key-sign-out = SignOut
key-refresh = Refresh
key-select = Select
key-back = Back
key-retry = Retry

# Titles and prompts: at most 32 characters.
sign-in-title = Sign in
sign-in-prompt = Enter your details
sign-in-incomplete = Please fill in every field
field-id = ID
field-extension = Extension
field-password = Password
field-mobile = Mobile number (optional)
device-title = Choose your phone
device-prompt = Which phone do you use?
mobile-title = Mobile calls
mobile-prompt = How do calls reach you?
mobile-call-by-call = Call me for each call
mobile-nailed = Keep me connected
reasons-not-ready-title = Not Ready reason
reasons-wrap-up-title = Wrap-up reason
reasons-sign-out-title = Sign-out reason
reasons-prompt = Choose one
call-title = Call data
problem-title = Not possible
maintenance-title = Maintenance

# One line on the sign-in page: at most 32 characters.
notice-signed-out = You are signed out
notice-supervisor = Signed out by a supervisor
notice-no-contact = Phone did not answer ({ $code })
notice-system = Signed out by the system
notice-system-code = Signed out by the system ({ $code })
notice-elsewhere = You signed in elsewhere
notice-again = Please sign in again

# The home screen.
state-ready = Ready
state-not-ready = Not Ready
state-talking = Talking
state-wrap-up = Wrap-up
state-reason = { $state } - { $reason }
home-state = State: { $state }
home-since = For: { $duration }
home-pending = Next: { $state }
home-wrap-up = Wrap-up: { $reason }
home-mobile = Calls go to { $number }
home-line = Line { $extension }
call-from = Call from { $number }
call-to = Call to { $number }
call-for = Duration: { $duration }
notice-reason-gone = This reason is no longer offered.
notice-not-ready-first = Go Not Ready before you sign out.
notice-call-gone = There is no call any more.
notice-in-call = Not possible during a call.
notice-changed = Your state changed meanwhile. Please press again.

# What went wrong, in whole sentences.
problem-wrong = The ID or password is wrong. After five wrong passwords in a row, sign-in is locked for five minutes.
problem-locked = Too many wrong passwords. Sign-in is locked for another { $minutes } min.
problem-busy = The service is busy. Please try again in { $seconds } s.
problem-unavailable = The service is not available right now. Please try again shortly.
problem-maintenance = This service is down for maintenance. Please sign in on the alternate service.
problem-alternate = Alternate service: { $name }
problem-agent = This account is not set up as an agent. Please ask your administrator.
problem-extension = There is no line { $extension }. Please check the extension.
problem-extension-form = An extension has only digits, *, # and +, at most 24 of them.
problem-extension-used = Another agent uses the line { $extension }.
problem-device = This phone ({ $device }) is not set up for the service. Please ask your administrator.
problem-device-used = Another agent is signed in on this phone and has to sign out first.
problem-device-name = The service address must end in the device name of this phone. Please ask your administrator.
problem-mobile = Signing in with a mobile phone is not allowed here.
problem-mobile-form = A mobile number has only digits, *, # and +, at most 24 of them.
problem-in-call = You are in a call on another line. Please end it first.
problem-repeated = The service address has "{ $name }" more than once. Please ask your administrator.
problem-encoding = The value of "{ $name }" is not encoded correctly. Please ask your administrator.
problem-control = The value of "{ $name }" holds a character that is not allowed.
problem-long = The value of "{ $name }" is too long, at most { $limit } characters are allowed.
problem-many = The service address has too many parameters. Please ask your administrator.
problem-form = This phone cannot show a form. Please ask your administrator to enter ID, extension and password in the service subscription.
problem-link = This page is not valid. Please open the service again.
problem-internal = Something went wrong on our side. Please try again.
problem-reference = Reference: { $reference }
