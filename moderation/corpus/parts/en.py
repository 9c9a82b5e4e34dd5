"""English: what people say around a contact, and talk that holds none. `{}` is where the contact goes."""

PHONE = """\
call me at {}
call me on {} when you get a sec
You can reach me at {}.
my number is {}
My cell: {}
cell {}
tel. {}
Ph: {} ask for the foreman
text me {} its faster
Text me instead, {}, I never check this app
{} thats my number, call whenever
{}
{} - call after six
just give me a ring on {}
hit me up {} and we'll sort it out without the fee
Let's talk directly: {}. I can give you a better price.
please phone {} to confirm the delivery
if nobody answers the door dial {}
my wife's number is {}, she'll be home
I'm driving, here's my cell {}
Best to call. {}
Dave will be on site tomorrow, his number's {}
the buzzer is broken so ring {} when you're outside
write it down: {}
save my number {}
here's my direct line {} so we don't lose each other
whats your number? mine is {}
off the app: {}
Hey! Sure, I can do Saturday. {} 👍
ok {}
thx, {} for any questions
you can send pics to {}
call or text {} anytime before 9
Pls call {} before u come
I don't get notifications here, better to use {}
if you want the cash price call {}
the office is at {}, ask for extension 4
mobile {} (Kevin)
contact number - {}
My new phone number {}, the old one is dead
give your mom my number {} in case
reach out {} and we'll do a quote in person
for a quick answer {}
Same guy, different phone: {}
this is me {}
between us, {} works better than this chat
you didnt get it from me but the plumber's number is {}
emergency line {} if the pipe bursts again
#{} call me lol
Not sure we're allowed but {}
number: {}. Thanks!!
could you call {} right now? water everywhere
gimme a shout {}
lmk when you're free, {}
we can skip the commission if you call {}
Landline {} (evenings only)
the truck driver's cell is {}
Let me give you my number real quick {} ok?
ring me {} or knock, dog is friendly
send ur address to {}
you there?? {} call pls
hello my name is Ahmed i do tiles my phone {} thank you
Im the one who did your neighbour's deck. {}
I'll be at the store til 5, {} after that
So if the rain stops we start at 7, otherwise call me, {}.
""".splitlines()

MAIL = """\
my email is {}
send the drawings to {}
Email me at {} please
{}
e-mail: {}
you can write to {}, I answer the same day
Please send the invoice to {}.
mail {} and cc my partner
contact: {}
the plans are too big for this chat, {} is better
drop me a line at {}
I'll need the permit as pdf, {}
shoot me an email {} and we'll skip the fees
best way to reach me {}
my address for documents {} ok?
Send pics here {} 📷
{} is my mail
forward it to {}, thanks
ask for a quote at {}
hey could you resend that to {}? the other one bounced
work email {} personal one on request
put {} on the contract
off the app you can find me at {}
i lost the file, send again pls {}
the accountant is {}
reply to {} not here
our office mail: {} (mon-fri)
write me there {}
e transfer goes to {}
for the deposit use {} as the recipient
""".splitlines()

LINK = """\
my portfolio is here {}
check {} for more photos
see {}
look at the reviews on {}
{}
Our site: {}
prices are on our website {}
I uploaded everything here {} have a look
you can book directly at {} and it's 10% cheaper
order the same one from {}
pay here {} and I'll start tomorrow
go to {} and fill in the form
Before and after pics: {}
here's the video {}
this is my company {}.
the tiles I meant {}
click {} pls
quote is ready, download it from {}
found it cheaper at {} lol
we also list everything at {} without the service fee
sign up on {}, it's free
more of my work: {} 🙂
our page is {}, contact form at the bottom
leave a review on {} after please
the contract to sign is at {}
I moved my shop to {}
the calendar with free days is on {}
calculator: {}
""".splitlines()

# Messenger or social network with a handle: `{m}` the name, `{h}` the handle.
MESSENGER = """\
my {m} is {h}
add me on {m}: {h}
{m} {h}
{m}: {h}
find me on {m} as {h}
write me on {m}, nick {h}
message me on {m} {h} and I'll send the pics
I'm on {m} under {h}
better on {m} -> {h}
text me in {m} ({h})
{h} on {m}
{h} is my {m}
let's move to {m}, I'm {h} there
ping {h} on {m} when you're ready
my {m} handle: {h}
my {m} username {h}, same pic as here
hmu on {m} {h} 😉
got {m}? I'm {h}
search {h} in {m}
the guys answer faster on {m}, look for {h}
{m} = {h}
we can talk prices on {m} {h}
user {h} on {m}, send a hi
photos of the finished deck are on my {m} {h}
if you use {m} then add {h}
pls dm {h} on {m}
i sent u a request on {m}, its {h}
you'll find all our work on {m}: {h}
""".splitlines()

# An invitation without a handle: `{m}` is what is masked.
INVITATION = """\
let's continue on {m}
text me on {m}
can we switch to {m}?
write me in {m}, I'm always there
do you have {m}? easier to send photos
find me on {m}, same name
message me through {m} instead of here
let's take this to {m} so we don't pay the fee
I'll add you on {m}
do you use {m}? lets chat there
add me on {m} pls
can you contact me on {m}
I only answer on {m}
drop me your {m}
whats your {m}? I'll send the quote
send me your {m} and I'll share the drawings
hit me up on {m}
better talk on {m}, this chat is slow
we should move to {m}
ping me on {m} tonight
I prefer {m}, send me your nick
go to {m} and we'll agree on cash
call me via {m}
You can also get hold of me on {m}.
{m} me
just {m} me the address
I'll be on {m} all evening, write there
same number on {m}
my number works with {m} too
is there a {m} I can reach you at?
{m}?
we can do a video call on {m}
send the pics to my {m}
ok let's do {m}
""".splitlines()

# Said before or after; holds no contact.
TALK = """\
Hi there!
Hey, thanks for getting back to me.
I looked at the photos you sent.
The kitchen is about 12 by 14.
We can start Monday at 8.
It's 450 plus tax for the whole thing.
No problem at all.
sounds good
perfect 👍
ok so
Sorry for the late reply, crazy week
I have 2 guys and a truck.
The old cabinets come out first.
Did you order the paint already?
My schedule is full until the 15th.
Parking is behind the building.
lol no worries
I did the same job on your street last year.
We need 3 coats on the ceiling.
Thursday works for us.
I can bring samples tomorrow
the beam is 16 ft
Is the dog going to be inside?
Materials are extra.
that price includes cleanup
We were 5 minutes away but nobody was home.
You'd save about 20%.
👋
Quick question.
As I said it takes two days, maybe three.
Bring the keys please.
The wall is plaster, not drywall.
btw the floor is not level
Good morning,
Alright,
See you then.
cheers
Have a good one
thank you so much!!
We finished early today.
Honestly the platform takes too much.
The inspector came at 10.
Just checking in 😊
It rained all night so the concrete isn't dry.
I'll be there around 7:30.
Not bad for 1,200 sq ft.
can u confirm pls
Let me know.
Thanks
""".splitlines()
