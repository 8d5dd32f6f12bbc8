# Touches : huit caractères au plus, les téléphones coupent le reste.
key-sign-in = Entrer
key-exit = Quitter
key-erase = Effacer
key-ready = Prêt
key-not-ready = Non prêt
key-wrap-up = Post-app
key-call = Infos
key-home = État
key-sign-out = Déconn.
key-refresh = Actual.
key-select = Choisir
key-back = Retour
key-retry = Réessai

# Titres et invites : 32 caractères au plus.
sign-in-title = Connexion
sign-in-prompt = Saisissez vos identifiants
sign-in-incomplete = Remplissez tous les champs
field-id = Identifiant
field-extension = Numéro de poste
field-password = Mot de passe
field-mobile = Numéro mobile (facultatif)
device-title = Choix du téléphone
device-prompt = Quel téléphone utilisez-vous ?
mobile-title = Appels sur mobile
mobile-prompt = Comment vous joindre ?
mobile-call-by-call = M'appeler chaque fois
mobile-nailed = Rester connecté
reasons-not-ready-title = Motif de non-disponibilité
reasons-wrap-up-title = Motif de post-appel
reasons-sign-out-title = Motif de déconnexion
reasons-prompt = Faites votre choix
call-title = Données de l'appel
problem-title = Action impossible
maintenance-title = Maintenance

# Une ligne sur la page de connexion : 32 caractères au plus.
notice-signed-out = Vous êtes déconnecté
notice-supervisor = Déconnecté par un superviseur
notice-no-contact = Téléphone sans réponse ({ $code })
notice-system = Déconnecté par le système
notice-system-code = Déconnexion système ({ $code })
notice-elsewhere = Vous êtes connecté ailleurs
notice-again = Veuillez vous reconnecter

# L'écran d'accueil.
state-ready = Prêt
state-not-ready = Non prêt
state-talking = En communication
state-wrap-up = Post-appel
state-reason = { $state } - { $reason }
home-state = État : { $state }
home-since = Durée : { $duration }
home-pending = Ensuite : { $state }
home-wrap-up = Post-appel : { $reason }
home-mobile = Appels vers { $number }
home-line = Ligne { $extension }
call-from = Appel de { $number }
call-to = Appel vers { $number }
call-for = Durée : { $duration }
notice-reason-gone = Ce motif n'est plus proposé.
notice-not-ready-first = Passez en Non prêt avant de vous déconnecter.
notice-call-gone = L'appel est déjà terminé.
notice-in-call = Impossible pendant un appel.
notice-changed = Votre état a changé entre-temps. Appuyez à nouveau.

# Ce qui n'a pas marché, en phrases entières.
problem-wrong = Identifiant ou mot de passe incorrect. Après cinq mots de passe erronés de suite, la connexion est bloquée pendant cinq minutes.
problem-locked = Trop de mots de passe erronés. La connexion reste bloquée pendant { $minutes } min.
problem-busy = Le service est surchargé. Veuillez réessayer dans { $seconds } s.
problem-unavailable = Le service est momentanément indisponible. Veuillez réessayer dans un instant.
problem-maintenance = Ce service est en maintenance. Veuillez vous connecter au service de secours.
problem-alternate = Service de secours : { $name }
problem-agent = Ce compte n'est pas configuré comme agent. Contactez votre administrateur.
problem-extension = La ligne { $extension } n'existe pas. Vérifiez le numéro de poste.
problem-extension-form = Un numéro de poste ne contient que des chiffres, *, # et +, 24 au plus.
problem-extension-used = La ligne { $extension } est utilisée par un autre agent.
problem-device = Ce téléphone ({ $device }) n'est pas configuré pour le service. Contactez votre administrateur.
problem-device-used = Un autre agent est connecté sur ce téléphone et doit d'abord se déconnecter.
problem-device-name = L'adresse du service doit se terminer par le nom de ce téléphone. Contactez votre administrateur.
problem-mobile = La connexion avec un téléphone mobile n'est pas autorisée ici.
problem-mobile-form = Un numéro mobile ne contient que des chiffres, *, # et +, 24 au plus.
problem-in-call = Vous êtes en communication sur une autre ligne. Terminez d'abord cet appel.
problem-repeated = L'adresse du service contient plusieurs fois « { $name } ». Contactez votre administrateur.
problem-encoding = La valeur de « { $name } » est mal codée. Contactez votre administrateur.
problem-control = La valeur de « { $name } » contient un caractère interdit.
problem-long = La valeur de « { $name } » est trop longue, { $limit } caractères au plus sont permis.
problem-many = L'adresse du service comporte trop de paramètres. Contactez votre administrateur.
problem-form = Ce téléphone ne peut pas afficher de formulaire. Faites ajouter l'identifiant, le poste et le mot de passe à l'abonnement au service.
problem-link = Cette page n'est pas valable. Ouvrez de nouveau le service.
problem-internal = Une erreur s'est produite de notre côté. Veuillez réessayer.
problem-reference = Référence : { $reference }
