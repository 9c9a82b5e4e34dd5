"""French, Québec and France: what people say around a contact, and talk that holds none."""

PHONE = """\
appelle-moi au {}
appelez moi au {} svp
Vous pouvez me joindre au {}.
mon numéro c'est le {}
Mon cell : {}
mon cell cest {}
tél. {}
Tel : {} demandez Luc
texte-moi au {} c'est plus vite
Textez-moi plutôt, {}, je regarde jamais l'appli
{} c'est mon num, appelle quand tu veux
{}
{} - après 18h svp
passe-moi un coup de fil au {}
appelle au {} pis on s'arrange sans les frais
On peut se parler directement : {}. Je vous fais un meilleur prix.
veuillez appeler le {} pour confirmer la livraison
si personne répond à la porte compose le {}
le numéro de ma blonde c'est {}, a va être là
je conduis, voici mon portable {}
Le mieux c'est d'appeler. {}
Marc sera sur le chantier demain, son num {}
l'interphone est brisé, sonne au {} quand t'es en bas
note ça : {}
garde mon numéro {}
ma ligne directe {} pour pas se perdre
c'est quoi ton numéro? moi c'est {}
hors appli : {}
Bonjour ! Oui samedi c'est bon. {} 👍
ok {}
merci, {} si vous avez des questions
tu peux envoyer les photos au {}
appel ou texto {} avant 21h
Pls appelle {} avant de venir
j'ai pas les notifications ici, mieux vaut le {}
pour le prix comptant appelez le {}
le bureau est au {}, poste 4
portable {} (Kévin)
numéro pour me rejoindre - {}
Mon nouveau numéro {}, l'ancien marche plus
donnez mon numéro {} à votre mère au cas où
contactez-moi {} on fera le devis sur place
pour une réponse rapide {}
C'est encore moi, autre téléphone : {}
c'est moi {}
entre nous, {} ça marche mieux que ce chat
j't'ai rien dit mais le num du plombier c'est {}
urgence {} si ça coule encore
sms au {} dès que possible
je sais pas si on a le droit mais {}
numéro: {}. Merci!!
peux-tu appeler {} tout de suite? y'a de l'eau partout
lâche-moi un coup de fil {}
dis moi quand t'es libre, {}
on évite la commission si vous appelez {}
fixe {} (le soir seulement)
le cell du chauffeur c'est {}
je vous laisse mon numéro {} ok ?
sonnez ou appelez {}, le chien est gentil
envoie ton adresse au {}
allo?? {} rappelle stp
bonjour je fais carrelage mon telephone {} merci
C'est moi qui a fait le patio de ta voisine. {}
Je suis au magasin jusqu'à 17 h, {} après
S'il pleut pas on commence à 7h, sinon appelez-moi, {}.
06 perdu, nouveau portable : {}
rappelez-moi ce soir {}
vous tombez sur ma secrétaire au {}
""".splitlines()

MAIL = """\
mon courriel est {}
envoyez les plans à {}
Écrivez-moi à {} svp
{}
courriel : {}
e-mail : {}
mon adresse mail c'est {}
vous pouvez écrire à {}, je réponds le jour même
Merci d'envoyer la facture à {}.
écris à {} et mets mon associé en copie
contact : {}
les plans sont trop gros pour ici, {} c'est mieux
lâche-moi un mail à {}
il me faut le permis en pdf, {}
envoie un courriel {} pis on évite les frais
la meilleure façon de me joindre {}
mon adresse pour les documents {} ok?
Les photos ici {} 📷
{} c'est mon mail
transfère ça à {}, merci
demandez une soumission à {}
tu peux renvoyer ça à {}? l'autre a rebondi
adresse pro {} la perso sur demande
mettez {} sur le contrat
en dehors de l'appli je suis à {}
j'ai perdu le fichier, renvoie stp {}
le comptable c'est {}
réponds à {} pas ici
le mail du bureau : {} (lun-ven)
écris moi là {}
virement interac à {}
pour l'acompte mettez {} comme destinataire
""".splitlines()

LINK = """\
mon portfolio est ici {}
regarde {} pour d'autres photos
voir {}
les avis sont sur {}
{}
Notre site : {}
les prix sont sur notre site web {}
j'ai tout mis ici {} jette un oeil
vous pouvez réserver direct sur {} c'est 10 % moins cher
commande le même chez {}
payez ici {} et je commence demain
allez sur {} et remplissez le formulaire
Photos avant après : {}
voici la vidéo {}
ma compagnie c'est {}.
les tuiles dont je parlais {}
clique {} stp
la soumission est prête, téléchargez-la sur {}
trouvé moins cher sur {} mdr
on est aussi sur {} sans frais de service
inscrivez-vous sur {}, c'est gratuit
d'autres réalisations : {} 🙂
notre page est {}, formulaire en bas
laissez un avis sur {} après svp
le contrat à signer est sur {}
j'ai déménagé ma boutique sur {}
le calendrier est sur {}
calculateur : {}
""".splitlines()

MESSENGER = """\
mon {m} c'est {h}
ajoute-moi sur {m} : {h}
{m} {h}
{m} : {h}
tu me trouves sur {m} sous {h}
écris-moi sur {m}, pseudo {h}
écrivez sur {m} {h} et j'envoie les photos
je suis sur {m}, mon nom là-bas {h}
mieux sur {m} -> {h}
texte-moi sur {m} ({h})
{h} sur {m}
{h} c'est mon {m}
on passe sur {m}, je suis {h}
fais signe à {h} sur {m} quand t'es prêt
mon pseudo {m} : {h}
mon identifiant {m} {h}, même photo qu'ici
viens me jaser sur {m} {h} 😉
t'as {m}? moi c'est {h}
cherche {h} dans {m}
les gars répondent plus vite sur {m}, cherchez {h}
{m} = {h}
on parle du prix sur {m} {h}
compte {h} sur {m}, dis allo
les photos du patio sont sur mon {m} {h}
si vous avez {m} ajoutez {h}
mp à {h} sur {m} svp
je t'ai envoyé une demande sur {m}, c'est {h}
toutes nos réalisations sur {m} : {h}
""".splitlines()

INVITATION = """\
on continue sur {m}
écris-moi sur {m}
on peut passer sur {m} ?
écrivez-moi sur {m}, je suis toujours là
t'as {m}? plus facile pour les photos
trouve-moi sur {m}, même nom
envoie-moi un message sur {m} au lieu d'ici
on va sur {m} pour pas payer les frais
je t'ajoute sur {m}
vous utilisez {m}? on se parle là-bas
ajoute-moi sur {m} stp
pouvez-vous me contacter sur {m}
je réponds juste sur {m}
donne-moi ton {m}
c'est quoi ton {m}? je t'envoie la soumission
envoyez-moi votre {m} je partage les plans
contacte-moi via {m}
mieux de jaser sur {m}, ce chat est lent
on devrait passer à {m}
fais-moi signe sur {m} ce soir
je préfère {m}, envoie ton pseudo
viens sur {m} pis on s'arrange cash
appelle-moi par {m}
Vous pouvez aussi me joindre sur {m}.
{m}-moi
je serai sur {m} toute la soirée, écris là
même numéro sur {m}
mon numéro marche avec {m} aussi
y'a-tu un {m} où je peux te joindre?
{m}?
on peut faire un appel vidéo sur {m}
envoie les photos sur mon {m}
ok on fait ça sur {m}
je vous écris sur {m}
""".splitlines()

TALK = """\
Bonjour!
Salut, merci d'avoir répondu.
J'ai regardé vos photos.
La cuisine fait environ 12 par 14.
On peut commencer lundi à 8h.
C'est 450 plus taxes pour le tout.
Pas de problème.
ça marche
parfait 👍
ok donc
Désolé du retard, grosse semaine
J'ai 2 gars et un camion.
Les vieilles armoires sortent en premier.
As-tu commandé la peinture?
Mon horaire est plein jusqu'au 15.
Le stationnement est derrière.
mdr t'inquiète
J'ai fait la même job sur votre rue l'an passé.
Il faut 3 couches au plafond.
Jeudi ça nous va.
je peux apporter des échantillons demain
la poutre fait 16 pi
Le chien va être en dedans?
Matériaux en sus.
le prix inclut le ménage
On était à 5 minutes mais personne à la maison.
Vous économisez environ 20 %.
👋
Petite question.
Comme j'ai dit ça prend deux jours, peut-être trois.
Apporte les clés stp.
Le mur est en plâtre, pas en gypse.
en passant le plancher est pas au niveau
Bon matin,
D'accord,
À tantôt.
bonne journée
merci beaucoup!!
On a fini plus tôt aujourd'hui.
Franchement la plateforme prend trop.
L'inspecteur est passé à 10h.
Petit suivi 😊
Il a mouillé toute la nuit, le béton est pas sec.
Je serai là vers 7h30.
Pas pire pour 1 200 pi².
tu confirmes stp
Tiens-moi au courant.
Cordialement
""".splitlines()
