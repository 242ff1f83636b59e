"""Countries of the sample with their towns, streets, telephone numbers and company forms."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from connectors.sample.names import STEMS, Weighted


@dataclass(frozen=True, slots=True)
class Country:
    """How people of a country write where they live and how to call them.

    `towns` are (name, postcode pattern, `#` a digit); `mobile` and `landline` are (prefix, digits after it), without
    the trunk `0`; `grouping` is how many digits stand together in national writing.
    """

    code: str
    name: str
    language: str
    locale: str
    dial: str
    trunk: str
    mobile: tuple[str, int]
    landline: tuple[str, int]
    towns: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    street_form: str
    legal_forms: tuple[str, ...]
    currency: str
    timezone: str
    weight: float


def _towns(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (entry.rsplit("=", 1) for entry in text.split("|"))
    return tuple((name.strip(), pattern.strip()) for name, pattern in pairs)


COUNTRIES: tuple[Country, ...] = (
    Country(
        "DE", "Germany", "de", "de", "49", "0", ("151", 8), ("30", 8),
        _towns("Berlin=10###|Hamburg=20###|München=80###|Köln=50###|Kiel=241##|Leipzig=041##|Dresden=011##|"
               "Bremen=281##|Freiburg=791##|Münster=481##|Rostock=180##|Erfurt=990##|Kassel=341##|Ulm=890##"),
        tuple("Lindenweg Hauptstraße Gartenstraße Schillerstraße Bahnhofstraße Mühlenweg Rosenstraße Kirchgasse "
              "Waldweg Ringstraße Feldstraße Birkenallee Uferweg Bergstraße Goethestraße Ahornweg".split()),
        "{street} {number}", ("GmbH", "AG", "KG", "GmbH & Co. KG"), "EUR", "Europe/Berlin", 0.28,
    ),
    Country(
        "GB", "United Kingdom", "en", "en-GB", "44", "0", ("7400", 6), ("20", 8),
        _towns("London=N1 #AB|Manchester=M1 #CD|Leeds=LS1 #EF|Bristol=BS1 #GH|Sheffield=S1 #JK|York=YO1 #LM|"
               "Bath=BA1 #NP|Oxford=OX1 #QR|Norwich=NR1 #ST|Exeter=EX1 #UV|Derby=DE1 #WX|Lincoln=LN1 #YZ"),
        ("High Street", "Station Road", "Church Lane", "Mill Lane", "Victoria Road", "Park Avenue", "Green Lane",
         "Queens Road", "Manor Road", "Orchard Close", "Bridge Street", "Kings Road", "Elm Grove", "West Street"),
        "{number} {street}", ("Ltd", "PLC", "LLP"), "GBP", "Europe/London", 0.16,
    ),
    Country(
        "FR", "France", "fr", "fr", "33", "0", ("6", 8), ("1", 8),
        _towns("Paris=7500#|Lyon=6900#|Lille=59###|Nantes=44###|Bordeaux=33###|Toulouse=31###|Rennes=35###|Dijon=21###|"
               "Grenoble=38###|Tours=37###|Angers=49###|Metz=57###"),
        ("rue des Lilas", "rue de la Gare", "avenue du Parc", "rue Pasteur", "place du Marché", "rue des Écoles",
         "chemin du Moulin", "rue Victor Hugo", "allée des Tilleuls", "boulevard Carnot", "rue du Port",
         "impasse des Roses"),
        "{number} {street}", ("SA", "SARL", "SAS"), "EUR", "Europe/Paris", 0.14,
    ),
    Country(
        "SE", "Sweden", "sv", "sv", "46", "0", ("72", 7), ("8", 8),
        _towns("Stockholm=11# ##|Göteborg=41# ##|Malmö=21# ##|Uppsala=75# ##|Lund=22# ##|Umeå=90# ##|Örebro=70# ##|"
               "Linköping=58# ##|Gävle=80# ##|Växjö=35# ##"),
        ("Storgatan", "Kungsgatan", "Strandvägen", "Björkvägen", "Skolgatan", "Ekvägen", "Hamngatan", "Parkgatan",
         "Solvägen", "Drottninggatan"),
        "{street} {number}", ("AB",), "SEK", "Europe/Stockholm", 0.1,
    ),
    Country(
        "NL", "Netherlands", "nl", "nl", "31", "0", ("6", 8), ("20", 7),
        _towns("Amsterdam=10## AB|Utrecht=35## CD|Rotterdam=30## EF|Groningen=97## GH|Leiden=23## JK|Delft=26## LM|"
               "Arnhem=68## NP|Breda=48## RS|Zwolle=80## TV|Haarlem=20## WX"),
        ("Dorpsstraat", "Kerkstraat", "Molenweg", "Parklaan", "Stationsweg", "Julianastraat", "Beukenlaan",
         "Havenkade", "Schoolstraat", "Wilgenhof"),
        "{street} {number}", ("BV", "NV"), "EUR", "Europe/Amsterdam", 0.08,
    ),
    Country(
        "ES", "Spain", "es", "es", "34", "", ("6", 8), ("91", 7),
        _towns("Madrid=280##|Barcelona=080##|Valencia=460##|Sevilla=410##|Zaragoza=500##|Bilbao=480##|Málaga=290##|"
               "Granada=180##|Oviedo=330##|Murcia=300##"),
        ("Calle Mayor", "Calle del Sol", "Avenida de la Paz", "Calle Real", "Plaza Nueva", "Calle San Juan",
         "Paseo del Río", "Calle Cervantes", "Calle de la Luna", "Camino Viejo"),
        "{street} {number}", ("SL", "SA"), "EUR", "Europe/Madrid", 0.08,
    ),
    Country(
        "IT", "Italy", "it", "it", "39", "", ("347", 7), ("02", 8),
        _towns("Milano=201##|Roma=001##|Torino=101##|Bologna=401##|Firenze=501##|Verona=371##|Genova=161##|Parma=431##|"
               "Trento=381##|Padova=351##"),
        ("Via Roma", "Via Garibaldi", "Via Verdi", "Corso Italia", "Via Dante", "Piazza Duomo", "Via Mazzini",
         "Viale Europa", "Via dei Mille", "Via Manzoni"),
        "{street} {number}", ("S.p.A.", "S.r.l."), "EUR", "Europe/Rome", 0.07,
    ),
    Country(
        "PL", "Poland", "pl", "pl", "48", "", ("601", 6), ("22", 7),
        _towns("Warszawa=00-###|Kraków=30-###|Gdańsk=80-###|Poznań=60-###|Wrocław=50-###|Łódź=90-###|Lublin=20-###|"
               "Toruń=87-###|Szczecin=70-###|Katowice=40-###"),
        ("ul. Polna", "ul. Leśna", "ul. Słoneczna", "ul. Krótka", "ul. Szkolna", "ul. Ogrodowa", "ul. Lipowa",
         "ul. Kościuszki", "ul. Długa", "ul. Zielona"),
        "{street} {number}", ("Sp. z o.o.", "S.A."), "PLN", "Europe/Warsaw", 0.05,
    ),
    Country(
        "US", "United States", "en", "en-US", "1", "", ("2065", 6), ("3125", 6),
        _towns("Seattle=981##|Portland=972##|Denver=802##|Austin=787##|Boston=021##|Madison=537##|Tucson=857##|"
               "Omaha=681##|Raleigh=276##|Tampa=336##"),
        ("Maple Street", "Oak Avenue", "Pine Road", "Cedar Lane", "Washington Street", "Lake Drive", "Hill Street",
         "Sunset Boulevard", "Park Avenue", "River Road"),
        "{number} {street}", ("Inc.", "LLC", "Corp."), "USD", "America/Chicago", 0.04,
    ),
)  # fmt: skip

TOWN_ENDINGS: Mapping[str, str] = {
    "DE": "stadt burg heim dorf hausen feld", "GB": "ton ham bury mouth chester stead",
    "FR": "ville court -sur-Mer -les-Bains -le-Vieux", "SE": "köping by stad hamn vik",
    "NL": "dam burg hoven drecht dijk",
    "ES": "illa ar al del Río ona", "IT": "ano aggio ena one asco", "PL": "owo ów ice sk in",
    "US": "ville ton Falls Springs City",
}  # fmt: skip
STREET_STEMS: Mapping[str, str] = {
    "DE": "{}weg {}straße {}allee", "GB": "{}_Street {}_Road {}_Close", "FR": "rue_{} avenue_{} place_{}",
    "SE": "{}gatan {}vägen", "NL": "{}straat {}laan {}weg", "ES": "Calle_{} Avenida_{}", "IT": "Via_{} Corso_{}",
    "PL": "ul._{} al._{}", "US": "{}_Street {}_Avenue {}_Drive",
}  # fmt: skip


def all_towns(country: Country) -> Weighted:
    """The country's towns, the large ones first, each written `name=postcode pattern`: a dozen real, many made up."""
    stems = STEMS[country.language]
    small = []
    for ending, stem in product(TOWN_ENDINGS[country.code].replace("del Río", "del_Río").split(), stems):
        name = f"{stem}{ending}" if ending.islower() or ending.startswith("-") else f"{stem} {ending}"
        small.append(f"{name.replace('_', ' ')}={_postcode(country, name)}")
    return Weighted.zipf((*(f"{name}={pattern}" for name, pattern in country.towns), *small), 0.7, 5.0)


def _postcode(country: Country, town: str) -> str:
    """The pattern of one of the country's real towns with other leading digits, always the same for a town."""
    pattern = country.towns[0][1]
    digits = f"{zlib.crc32(f'{country.code}{town}'.encode()):010d}"[-4:]
    if country.code == "GB":
        return f"{town[:2].upper()}{1 + int(digits[0])} #{'ABDEFGHJLN'[int(digits[1])]}{'PQRSTUWXYZ'[int(digits[2])]}"
    fixed = iter(digits[:3] if country.code != "PL" else digits[:2])
    return "".join(
        next(fixed, character) if character.isdigit() or character == "#" else character for character in pattern
    )


def all_streets(country: Country) -> Weighted:
    """The country's streets, the usual names first."""
    made_up = (
        form.replace("_", " ").format(stem)
        for form, stem in product(STREET_STEMS[country.code].split(), STEMS[country.language])
    )
    return Weighted.zipf((*country.streets, *made_up), 0.6, 5.0)


BY_CODE: Mapping[str, Country] = {country.code: country for country in COUNTRIES}
TOWNS: Mapping[str, Weighted] = {country.code: all_towns(country) for country in COUNTRIES}
STREETS: Mapping[str, Weighted] = {country.code: all_streets(country) for country in COUNTRIES}

COMPANY_FIRST = (
    "Nova Aqua Terra Ferro Lumo Vento Alba Cobalt Delta Prisma Orbis Kappa Sola Vera Mira Tempo Axon Corda Fluxa Globa "
    "Helio Inova Juno Kelto Lyra Mento Nexo Opal Pavo Quanta Rivo Silva Tecto Umbra Velo Westa Xeno Ylva Zento Arbor"
).split()
COMPANY_SECOND = (
    "Systems Logistik Foods Metall Energy Bau Design Medica Textil Software Optik Papier Mobil Finanz Garten Druck "
    "Keramik Labor Motors Media Pharma Plast Robotik Sensor Solar Sport Technik Travel Werke Wohnen"
).split()
INDUSTRIES = (
    "Logistics and Supply Chain", "Food Production", "Machinery", "Renewables & Environment", "Construction", "Design",
    "Medical Devices", "Textiles", "Computer Software", "Printing", "Financial Services", "Retail", "Pharmaceuticals",
)  # fmt: skip
JOB_TITLES = (
    "Head of Operations", "Purchasing Manager", "Office Manager", "Managing Director", "IT Manager", "Sales Manager",
    "Marketing Manager", "Accountant", "Project Manager", "Team Lead", "Engineer", "Consultant", "Assistant",
    "Customer Service Manager", "Warehouse Manager", "Product Manager",
)  # fmt: skip
MAIL_PROVIDERS = (
    "mailkorb.example", "postbox.test", "briefkasten.example", "inbox-plus.test", "fastpost.example", "webbrief.test",
    "courrier.example", "buzon.test", "postino.example", "mejl.test", "skrzynka.example", "mymail.test",
)  # fmt: skip
