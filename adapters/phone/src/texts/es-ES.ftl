# Teclas: ocho caracteres como máximo, los teléfonos cortan el resto.
key-sign-in = Entrar
key-exit = Salir
key-erase = Borrar
key-ready = Listo
key-not-ready = No listo
key-wrap-up = Cierre
key-call = Datos
key-home = Estado
key-sign-out = Fin ses.
key-refresh = Renovar
key-select = Elegir
key-back = Volver
key-retry = Repetir

# Títulos e indicaciones: 32 caracteres como máximo.
sign-in-title = Inicio de sesión
sign-in-prompt = Introduzca sus datos
sign-in-incomplete = Rellene todos los campos
field-id = ID
field-extension = Extensión
field-password = Contraseña
field-mobile = Número móvil (opcional)
device-title = Elija su teléfono
device-prompt = ¿Qué teléfono utiliza?
mobile-title = Llamadas al móvil
mobile-prompt = ¿Cómo recibe las llamadas?
mobile-call-by-call = Llamarme cada vez
mobile-nailed = Mantenerme conectado
reasons-not-ready-title = Motivo de No listo
reasons-wrap-up-title = Motivo de cierre de llamada
reasons-sign-out-title = Motivo de fin de sesión
reasons-prompt = Elija uno
call-title = Datos de la llamada
problem-title = No es posible
maintenance-title = Mantenimiento

# Una línea en la página de inicio de sesión: 32 caracteres como máximo.
notice-signed-out = Ha cerrado la sesión
notice-supervisor = Un supervisor cerró su sesión
notice-no-contact = El teléfono no respondió ({ $code })
notice-system = El sistema cerró su sesión
notice-system-code = Sesión cerrada: sistema ({ $code })
notice-elsewhere = Inició sesión en otro lugar
notice-again = Inicie sesión de nuevo

# La pantalla principal.
state-ready = Listo
state-not-ready = No listo
state-talking = En llamada
state-wrap-up = Cierre de llamada
state-reason = { $state } - { $reason }
home-state = Estado: { $state }
home-since = Duración: { $duration }
home-pending = Después: { $state }
home-wrap-up = Cierre: { $reason }
home-mobile = Llamadas al { $number }
home-line = Línea { $extension }
call-from = Llamada de { $number }
call-to = Llamada a { $number }
call-for = Duración: { $duration }
notice-reason-gone = Ese motivo ya no está disponible.
notice-not-ready-first = Pase a No listo antes de cerrar la sesión.
notice-call-gone = La llamada ya ha terminado.
notice-in-call = No es posible durante una llamada.
notice-changed = Su estado ha cambiado entretanto. Pulse otra vez.

# Lo que no ha funcionado, en frases completas.
problem-wrong = El ID o la contraseña no son correctos. Tras cinco contraseñas incorrectas seguidas, el acceso se bloquea durante cinco minutos.
problem-locked = Demasiadas contraseñas incorrectas. El acceso sigue bloqueado durante { $minutes } min.
problem-busy = El servicio está saturado. Inténtelo de nuevo dentro de { $seconds } s.
problem-unavailable = El servicio no está disponible en este momento. Inténtelo de nuevo en breve.
problem-maintenance = Este servicio está en mantenimiento. Inicie sesión en el servicio alternativo.
problem-alternate = Servicio alternativo: { $name }
problem-agent = Esta cuenta no está configurada como agente. Consulte a su administrador.
problem-extension = No existe la línea { $extension }. Compruebe la extensión.
problem-extension-form = Una extensión solo puede tener cifras, *, # y +, 24 como máximo.
problem-extension-used = Otro agente está usando la línea { $extension }.
problem-device = Este teléfono ({ $device }) no está configurado para el servicio. Consulte a su administrador.
problem-device-used = Otro agente tiene la sesión abierta en este teléfono y debe cerrarla antes.
problem-device-name = La dirección del servicio debe terminar con el nombre de este teléfono. Consulte a su administrador.
problem-mobile = Aquí no se permite iniciar sesión con un teléfono móvil.
problem-mobile-form = Un número móvil solo puede tener cifras, *, # y +, 24 como máximo.
problem-in-call = Está en una llamada en otra línea. Termínela primero.
problem-repeated = La dirección del servicio contiene «{ $name }» más de una vez. Consulte a su administrador.
problem-encoding = El valor de «{ $name }» no está bien codificado. Consulte a su administrador.
problem-control = El valor de «{ $name }» contiene un carácter no permitido.
problem-long = El valor de «{ $name }» es demasiado largo, se permiten { $limit } caracteres como máximo.
problem-many = La dirección del servicio tiene demasiados parámetros. Consulte a su administrador.
problem-form = Este teléfono no puede mostrar formularios. Pida que se introduzcan ID, extensión y contraseña en la suscripción al servicio.
problem-link = Esta página no es válida. Abra el servicio de nuevo.
problem-internal = Se ha producido un error en el servicio. Inténtelo de nuevo.
problem-reference = Referencia: { $reference }
