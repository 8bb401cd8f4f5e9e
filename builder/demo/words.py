"""Word lists and invented names: the raw material of the generated texts.

Names are made, not listed: syllables, list words, digits and suffixes give a space of far more than 10^9
names, so that a model trained on them must copy a name and cannot remember it. `is_held_out` splits that space
by hash: training never sees a held-out name, the evaluation uses nothing else.
"""

# ruff: noqa: SIM905, PLR0911 - lists of words read best as words; a name maker is a list of styles

from __future__ import annotations

import hashlib
from random import Random

FIRST_NAMES = """
Amara Ben Carla David Elena Farid Grace Hannah Ivan Julia Kenji Laura Mateo Nadia Oscar Priya Quentin Rosa Samuel Tara
Umar Vera Walter Ximena Yusuf Zoe Aisha Bruno Chloe Daniel Emma Felix Gita Hugo Ines Jonas Karim Lena Marco Nina Omar
Paula Rafael Sofia Tomas Ursula Victor Wendy Yara Anna Boris Claire Dmitri Esther Fiona George Helen Isaac Joanna Karl
Leila Martin Noor Olga Peter Ruth Simon Theo Uma Viktor Mina Ahmed Beatriz Chen Diego Eva Frank Greta Henry Irene
James Kate Louis Maria Nikhil Olivia Paul Rita Sarah Thomas Linh Mei Kofi Ada Abel Astrid Callum Dora Edwin Freya
Gareth Hilde Imran Jasmin Kurt Lucy Miriam Neil Otto Petra Rahul Stella Tariq Vincent Yasmin Agnes Barbara Colin
Denise Emil Gwen
""".split()

LAST_NAMES = """
Okafor Smith Garcia Novak Larsen Tanaka Moreau Rossi Schmidt Kowalski Silva Patel Nguyen Haddad Brown Taylor Khan
Weber Jensen Costa Murphy Ivanova Andersson Fischer Mbeki Sato Reyes Walker Hughes Lopez Dubois Meyer Ferrari Nowak
Popescu Horvat Kaya Demir Cohen Levi Singh Sharma Chen Wang Kim Park Lee Mensah Diallo Traore Hansen Nilsson Virtanen
Korhonen Bianchi Greco Santos Pereira Almeida Torres Vargas Ramos Castillo Fraser Campbell Stewart Morgan Bennett
Carter Parker Collins Turner Whitfield Ashworth Pemberton Lindqvist Baumann Zimmer Vogel Krause Brandt Keller Huber
Steiner Fontaine Laurent Girard Mercier Petrov Sokolov Volkov Marchetti Doyle Byrne Quinn Gallagher Rahman Chowdhury
Iqbal Farouk Mansour
""".split()

CITIES = """
London Leeds Bristol Glasgow Cardiff Dublin Belfast York Bath Oxford Paris Lyon Nantes Lille Berlin Hamburg Munich
Leipzig Vienna Graz Zurich Geneva Basel Milan Turin Bologna Rome Naples Madrid Seville Valencia Lisbon Porto Athens
Sofia Prague Brno Warsaw Krakow Gdansk Vilnius Riga Tallinn Helsinki Stockholm Oslo Bergen Copenhagen Aarhus Amsterdam
Utrecht Rotterdam Antwerp Ghent Brussels Budapest Zagreb Ljubljana Istanbul Ankara Cairo Nairobi Lagos Accra Dakar
Boston Chicago Denver Austin Portland Seattle Toronto Montreal Ottawa Vancouver Lima Bogota Quito Santiago Delhi
Mumbai Chennai Tokyo Osaka Kyoto Seoul Busan Hanoi Manila Jakarta Sydney Melbourne Perth Auckland Wellington Dover
Exeter Derby Lincoln Durham Preston Norwich
""".split()

PLACE_STEMS = """
Mill River Stone Ash Elm Oak Bridge Harbour Church North South East West Market Castle Green Hill King Queen Park Lake
Wood Field Marsh Brook Fern Haven Raven Silver Gold Iron Copper Salt Sand Clay Rose Thorn Holly Maple Willow Cedar
Birch Linden High Low Old New Long Broad Fair Cold Red White Black Blue Grey Swan Fox Wolf Deer Hare Hawk Heron Otter
Bell Abbey Minster
""".split()
PLACE_ENDS = """
field ford ton ham wick bury stead worth ley mouth dale shaw well gate port bridge view haven combe stock cliff hurst
mere
""".split()
STREETS = """
Street Road Lane Avenue Square Close Row Terrace Way Court Place Hill Gardens Walk Quay Wharf Crescent Drive
""".split()
VENUES = """
Hall|Library|Museum|Theatre|Community Centre|Town Hall|Gallery|Arts Centre|School|Park|Stadium|Church Hall|
Civic Centre|Sports Hall|Conference Centre|Cafe|Bookshop|Garden|Harbour|Market Hall|Leisure Centre|Youth Club|
Cinema|Workshop|Courtyard|University|College|Hotel|Pavilion|Studio|Barn|Brewery|Lodge|Playhouse|Assembly Rooms|
Village Hall|Old Mill|Boathouse
""".replace("\n", "").split("|")
EVENT_ENDS = """
Festival|Fair|Market|Conference|Summit|Marathon|Run|Concert|Exhibition|Workshop|Meetup|Open Day|Film Night|
Book Fair|Food Festival|Music Festival|Charity Walk|Quiz Night|Repair Cafe|Science Week|Art Trail|Craft Fair|
Jazz Night|Job Fair|Summer School|Winter Market|Lecture Series|Hackathon|Cup|Games|Parade|Carnival|Forum|
Symposium|Seminar|Gala|Regatta|Tournament|Street Party|Poetry Evening|Bake Sale|Flower Show|Half Marathon|Day|
Week|Weekend|Night|Congress|Expo|Show|Fest|Challenge
""".replace("\n", "").split("|")
COMPANY_ENDS = """
Bakery|Books|Coffee|Cycles|Energy|Foods|Motors|Labs|Systems|Robotics|Software|Studios|Textiles|Group|Partners|
Health|Pharma|Foundation|Institute|Trust|Society|Collective|Brewing|Ceramics|Optics|Airlines|Ferries|Rail|Bank|
Kitchen|Farm|Orchard|Dairy|Nursery|Outdoor|Solar|Water|Logistics|Analytics|Design|Press|Records|Gardens|Academy|
Orchestra|Choir|TheatreCompany|Football Club|Rowing Club|Chess Club|Cricket Club|Running Club|Tennis Club|
Council|Hospital|University|College|Primary School|School|Library|Museum|Association|Alliance|Network|Union|
Agency|Clinic|Zoo|Aquarium|Observatory|Station|Bridge
""".replace("\n", "").split("|")
PRODUCT_ENDS = """
Pro|Mini|Max|Air|One|Plus|Go|Lite|Studio|Cloud|Desk|Note|Watch|Cam|Pad|Drive|Hub|Link|Kit|Board|Light|Lamp|Bike|
Chair|Speaker|Camera|Tracker|Phone|Tablet|Sensor|Router|Mixer|Kettle|Backpack|Headphones|Keyboard|Engine|Player|
Reader|Editor|Planner
""".replace("\n", "").split("|")

NOUNS = """
account action activity actor address advice afternoon age agency air airport album answer apartment app apple archive
area artist audience author autumn award baby balance ball band bank basket battery beach bed beginner bench bicycle
bird board boat body book border bottle box branch bread break breakfast brush bucket budget builder building bus
business butter button cable cake call camera camp candle car card care carpet case castle cat cause cell centre chair
chance change channel chapter charge charity cheese chef child choice choir church circle class classroom clay client
climate clock cloth cloud club coach coast coat code coffee collection colour column comment committee company
computer concert condition contract control copy corner cost cotton council country couple course court cover craft
crew crop crowd culture cup customer cycle dance data daughter deadline deal debate decade degree delay delivery
demand desert design desk detail device diet dinner discount dish display distance doctor dog donation door dragon
drawing dream dress drink driver drum dust duty earth editor effect egg election electricity energy engine engineer
entrance entry environment equipment estate evening exam example exercise experience expert fabric face factory family
fan farm farmer farmland fashion fee fence ferry field figure film filter fire fish flag flight floor flour flower
food football forest form fox frame freedom friend fruit fuel function fund furniture future gallery game garage
garden gate gift glass goal grant grass grocery group growth guard guest guide guitar habit hall hand harbour harvest
hat health heart heat height help herb hill history hobby holiday home honey horse hospital hotel hour house idea
image income industry information insect interest interview invention island item jacket job journal journey judge
juice key kitchen kite knife knowledge lab label ladder lake lamp land language laptop law leader leaf league lecture
lemon lesson letter level library licence life light limit line list literature logo machine magazine mail manager map
market material meal measure meat medal media medicine meeting member memory menu message metal method milk mill mind
mine mirror model moment money monument morning motor mountain mouse movie museum music nation nature neighbour
network newspaper night noise nurse object ocean offer office oil onion opera opinion orchard orchestra order oven
owner package page paint painting pair paper parent park parking partner party passenger path patient patio pattern
payment pen people pepper permit person phone photo piano picture piece pilot pipe place plan planet plant plastic
plate platform player playground poem poet police policy pond pool population port position post pot potato pottery
power practice present price printer prize problem process product programme project proposal protein public puzzle
quality quarter queen question queue quilt race radio railway rain range reader reason recipe record region repair
report request research reserve resident resource response restaurant result rice river road robot rock roof room root
route row rule runner safety salad sale salt sand scale school science score screen sea season seat seed sensor series
service session shape share sheep shelf shelter ship shirt shoe shop shore show sign signal silver singer site skill
skin sky snow soap society software soil song soup source space speaker speech speed spice sport spring staff stage
star station statue steam step stone stop storage store storm story strategy street student study style subject sugar
summer sun supply support surface survey sweater system table talent tank target taste tax tea teacher team technology
tent term test theatre theme ticket timber time tool tourist tower town toy trade tradition trail train training
transport travel tree trip truck tunnel umbrella update valley value van vegetable vehicle version view village violin
visit visitor voice volunteer vote waiter walk wall waste watch water wave weather website wedding week weekend wheel
wind window wine winter wood wool word work worker workshop world writer yard year yoghurt youth zone
""".split()

ADJECTIVES = """
active actual ancient annual basic beautiful better big bold brave bright brief broad busy calm careful central cheap
clean clear clever cold colourful comfortable common complete complex cool cosy creative curious daily damaged dark
deep delicate different digital direct dry early easy electric empty entire everyday exact excellent exciting fair
famous fast final fine flat flexible foreign free fresh friendly full funny gentle giant global golden good great
green handmade happy healthy heavy helpful hidden high historic honest hot huge human independent indoor important
industrial large late lively local lovely light long loud low lucky main major medical mobile modern musical narrow
national natural new nice noisy normal old open organic original outdoor peaceful perfect plain popular portable
powerful practical private proper proud public pure quick quiet rare ready real recent red regional regular reliable
rich round rural safe scientific seasonal second secret serious shared sharp short silent silver simple slow small
smart smooth social soft solid special spicy steady strong sunny sweet tall thick thin tiny traditional typical
unusual urban useful usual valuable vast warm weekly welcome wet white whole wide wild wooden wonderful young
""".split()

VERBS = """
accept adapt add adjust admire agree announce answer apply arrange ask attend bake balance begin borrow bring build
buy call carry celebrate change check choose clean climb collect combine compare complete connect consider continue
control cook copy count cover create cut decide decorate deliver describe design develop discover discuss display
divide draw drive earn eat encourage enjoy examine exchange expand expect explain explore extend face feed fill find
finish fix follow gather give grow guard handle harvest help hold host identify imagine improve include increase
inspect install introduce invent invite join keep launch lead learn lift listen locate maintain make manage map
measure meet mix move observe offer open operate order organise paint plan plant play prepare present preserve print
produce protect provide publish push raise reach read receive record recycle reduce remember remove renew rent repair
replace report rescue restore review save search sell send serve share show sing sort speak store study supply support
swim take taste teach test train translate travel try update upgrade use visit walk wash watch welcome win write
""".split()

ADVERBS = """
again already also always carefully clearly closely currently easily especially finally formerly freely fully gently
gradually highly however indeed instead largely lately later mainly mostly nearly normally now often once only partly
perhaps probably quickly quietly rarely rather recently regularly slowly sometimes soon still suddenly together today
usually well
""".split()

ONSETS = [
    *"b c d f g h k l m n p r s t v b c d f g h j k l m n p r s t v b d l m n r s t".split(),
    *"b br c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p pl pr qu r s sc sh sk sl sn st str".split(),
    *"t th tr v vl w wh y z zh".split(),
    "",
]
NUCLEI = "a e i o u a e i o a e i o u a e i o u a e i o u ae ai au ea ee ei ia ie io oa oo ou ue y".split()
CODAS = "b ck d ff g k l ll lm ln ld m mp n nd ng nk nt p r rd rk rl rm rn rt s sk ss st t th v x z".split() + [""] * 70

COMMON = """
the a an and or but if then than that this these those there here where when why who whom which what how is are was
were be been being am do does did done has have had having will would can could shall should may might must not no yes
of in on at by for with from to into onto over under about above below after before between through during without
within against along among around behind beside beyond despite except inside outside near off since toward towards
until upon up down out as so such too very just even ever never always often once twice also only own same other
another each every either neither both few many more most much less least some any all none one two three four five
six seven eight nine ten hundred thousand million it its he him his she her hers they them their we us our you your I
me my mine who whose because while although though whether unless however therefore announced announces according
available beginning became become becomes began biggest called cannot celebrating coming completed created delighted
developed didn't doesn't don't won't can't it's that's we're you're they're I'm we've I've let's earlier expected
famous finally following founded free given going gone got happened held helping including increased interested
invited involved joined known largest latest launched left likely located longer looking lost made making managed
meant meanwhile moved needed offered offers opened opening opens organised originally paid partner planned planning
please pleased possible previously produced proud provides published raised ran reached received recently remained
replaced reported returned returns run running said saw says seen selling sent several showed shown signed similar
sold something speaking started starting starts supported taken taking thanks thank themselves thought told took
towards tried trying used using usually visiting wanted welcomed welcoming went won working works worked written wrote
yesterday tomorrow tonight morning noon midnight
""".split()

ACCENTED = {"a": "áäåã", "o": "öøóô", "u": "üú", "c": "čç", "e": "éèë", "s": "šś", "n": "ñń"}

HELD_OUT_SHARE = 16
"""One name in this many is kept for the evaluation."""


def is_held_out(name: str) -> bool:
    """Whether `name` belongs to the evaluation and must not be trained on (a pure function of its letters)."""
    digest = hashlib.sha256(name.replace("\u2019", "'").casefold().encode()).digest()
    return digest[0] % HELD_OUT_SHARE == 0


def invented_word(rng: Random, syllables: int | None = None) -> str:
    """A pronounceable capitalised word of 1 to 4 syllables that no list holds."""
    count = syllables or rng.choice((1, 2, 2, 2, 2, 3, 3, 3, 4))
    word = "".join(rng.choice(ONSETS) + rng.choice(NUCLEI) + rng.choice(CODAS) for _ in range(count))
    if len(word) < 3:
        word += rng.choice(("n", "ra", "lo", "ket", "mer"))
    if rng.random() < 0.05:
        plain = rng.choice("aoucesn")
        word = word.replace(plain, rng.choice(ACCENTED[plain]), 1)
    return word.capitalize()


ENDINGS = (
    "er ers ing ed ly ness ment able less ful ist ists ish al ive ation ations ity hood ship ward wise like y".split()
)
BEGINNINGS = "re un over under out fore sub super micro multi inter non pre post anti co eco bio tele hydro".split()


def derived_word(rng: Random) -> str:
    """A lower-case word made from a list word by an ending, a beginning or another word."""
    root = rng.choice(rng.choice((NOUNS, VERBS, ADJECTIVES)))
    style = rng.random()
    if style < 0.5:
        return root.rstrip("e") + rng.choice(ENDINGS)
    if style < 0.7:
        return rng.choice(BEGINNINGS) + root
    if style < 0.85:
        return root + rng.choice(NOUNS)
    return f"{root}-{rng.choice(NOUNS)}"


def any_word(rng: Random) -> str:
    """Any English-looking word in any form, mostly lower case."""
    style = rng.random()
    if style < 0.35:
        word = rng.choice(COMMON)
    elif style < 0.6:
        word = rng.choice(NOUNS) + rng.choice(("", "", "s"))
    elif style < 0.75:
        word = rng.choice(VERBS) + rng.choice(("", "s", "ed", "ing"))
    elif style < 0.85:
        word = rng.choice(rng.choice((ADJECTIVES, ADVERBS)))
    elif style < 0.93:
        word = derived_word(rng)
    else:
        word = invented_word(rng).lower()
    return word.capitalize() if rng.random() < 0.04 else word


def word_salad(rng: Random) -> str:
    """Two to nine words in no order: a text whose words cannot be guessed has to be copied."""
    salad = [any_word(rng) for _ in range(rng.randint(2, 9))]
    if len(salad) > 4 and rng.random() < 0.3:
        salad[len(salad) // 2] += rng.choice((",", ",", ";", " -"))
    return " ".join(salad)


def person_name(rng: Random) -> str:
    """First and last name, each listed or invented, sometimes with a title, an initial or a double name."""
    first = rng.choice(FIRST_NAMES) if rng.random() < 0.7 else invented_word(rng, rng.choice((1, 2, 2, 3)))
    last = rng.choice(LAST_NAMES) if rng.random() < 0.5 else invented_word(rng, rng.choice((1, 2, 2, 3)))
    style = rng.random()
    if style < 0.06:
        return f"Dr {first} {last}"
    if style < 0.10:
        return f"Professor {first} {last}"
    if style < 0.14:
        return f"{first} {rng.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
    if style < 0.19:
        return f"{first} {last}-{rng.choice(LAST_NAMES)}"
    return f"{first} {last}"


def stem(rng: Random) -> str:
    """The distinguishing part of a name: invented, compound, list words or a person."""
    style = rng.random()
    if style < 0.42:
        return invented_word(rng)
    if style < 0.52:
        return rng.choice(PLACE_STEMS) + rng.choice(PLACE_ENDS)
    if style < 0.62:
        return f"{rng.choice(ADJECTIVES).capitalize()} {rng.choice(NOUNS).capitalize()}"
    if style < 0.68:
        return f"{invented_word(rng)} {rng.choice(NOUNS).capitalize()}"
    if style < 0.73:
        return f"{invented_word(rng)} {invented_word(rng)}"
    if style < 0.80:
        return f"{rng.choice(PLACE_STEMS)} {rng.choice(STREETS)}"
    if style < 0.86:
        return rng.choice(LAST_NAMES)
    if style < 0.91:
        return rng.choice(CITIES)
    if style < 0.95:
        return rng.choice(NOUNS).capitalize()
    return "".join(rng.choice("ABCDEFGHIKLMNOPRSTUVW") for _ in range(rng.choice((3, 3, 4))))


def place_name(rng: Random) -> str:
    """A venue or an address, as it is written after "in" or "at"."""
    style = rng.random()
    if style < 0.08:
        return rng.choice(PLACE_STEMS) + rng.choice(PLACE_ENDS)
    if style < 0.25:
        return f"{rng.randint(1, 240)} {stem(rng)} {rng.choice(STREETS)}"
    if style < 0.92:
        return f"{'the ' if rng.random() < 0.5 else ''}{stem(rng)} {rng.choice(VENUES)}"
    return f"{rng.choice(('Room', 'Hall', 'Studio', 'Building'))} {rng.randint(1, 40)}"


def town_name(rng: Random) -> str:
    """A town only."""
    style = rng.random()
    if style < 0.5:
        return rng.choice(CITIES)
    if style < 0.75:
        return rng.choice(PLACE_STEMS) + rng.choice(PLACE_ENDS)
    return invented_word(rng)


def event_name(rng: Random) -> str:
    """The name of an event."""
    style = rng.random()
    end = rng.choice(EVENT_ENDS)
    if style < 0.70:
        return f"{stem(rng)} {end}"
    if style < 0.78:
        return f"{stem(rng)} {end} {rng.randint(2024, 2031)}"
    if style < 0.84:
        return f"{end} of {rng.choice(ADJECTIVES).capitalize()} {rng.choice(NOUNS).capitalize()}s"
    if style < 0.90:
        return f"{rng.choice(NOUNS).capitalize()} {rng.choice(('and', '&'))} {rng.choice(NOUNS).capitalize()} {end}"
    if style < 0.95:
        return f"{invented_word(rng)}{rng.choice(('Con', 'Fest', 'Camp', 'Conf', 'Days', 'Fair'))}"
    return f"{rng.choice(VERBS).capitalize()} the {rng.choice(NOUNS).capitalize()}"


def company_name(rng: Random) -> str:
    """The name of a company, club, school or public body."""
    style = rng.random()
    if style < 0.58:
        return f"{stem(rng)} {rng.choice(COMPANY_ENDS)}"
    if style < 0.68:
        return invented_word(rng, rng.choice((2, 3, 3, 4)))
    if style < 0.74:
        return f"{rng.choice(LAST_NAMES)} & {rng.choice(LAST_NAMES)}"
    if style < 0.80:
        return f"{rng.choice(FIRST_NAMES)}'s {rng.choice(COMPANY_ENDS)}"
    if style < 0.86:
        institution = rng.choice(("Museum", "Institute", "School", "House", "Museum"))
        return f"{institution} of {rng.choice(ADJECTIVES).capitalize()} {rng.choice(NOUNS).capitalize()}s"
    if style < 0.90:
        return f"Friends of {stem(rng)} {rng.choice(VENUES)}"
    if style < 0.95:
        return f"The {rng.choice(ADJECTIVES).capitalize()} {rng.choice(NOUNS).capitalize()}"
    return invented_word(rng) + rng.choice(("Tech", "Soft", "Lab", "Works", "Net", "Data", "Bio", "ly", "ify"))


def product_name(rng: Random) -> str:
    """The name of a product: CamelCase, digits, hyphens, suffixes."""
    style = rng.random()
    if style < 0.18:
        return f"{invented_word(rng)} {rng.choice(PRODUCT_ENDS)}"
    if style < 0.30:
        return f"{invented_word(rng)} {rng.randint(2, 12)}"
    if style < 0.40:
        return f"{rng.choice(NOUNS).capitalize()}{rng.choice(NOUNS).capitalize()}"
    if style < 0.50:
        return invented_word(rng) + rng.choice(PRODUCT_ENDS).replace(" ", "")
    if style < 0.58:
        return f"{invented_word(rng)} {rng.choice('ABCDEGHKLMNPRSTVXZ')}{rng.randint(1, 900)}"
    if style < 0.64:
        return f"{invented_word(rng)}-{rng.randint(1, 99)}"
    if style < 0.72:
        return f"{invented_word(rng)} {rng.randint(1, 9)}.{rng.randint(0, 12)}"
    if style < 0.78:
        return (
            "".join(rng.choice("ABCDEFGHIKLMNOPRSTUVWXZ") for _ in range(rng.choice((2, 3))))
            + f"-{rng.randint(1, 990)}"
        )
    if style < 0.88:
        return invented_word(rng, rng.choice((2, 3, 3, 4)))
    if style < 0.94:
        return f"{rng.choice(ADJECTIVES).capitalize()} {rng.choice(NOUNS).capitalize()} {rng.choice(PRODUCT_ENDS)}"
    return f"{invented_word(rng)} {rng.choice(NOUNS).capitalize()} {rng.randint(1, 9)}"


NAME_MAKERS = {"event": event_name, "company": company_name, "product": product_name, "person": person_name}


def fresh_name(rng: Random, kind: str, *, held_out: bool = False) -> str:
    """A name of `kind` (a key of NAME_MAKERS) from the training or the held-out half of the name space."""
    while True:
        name = NAME_MAKERS[kind](rng)
        if is_held_out(name) == held_out:
            return name
