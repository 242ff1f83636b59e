"""Names of made-up people: given names by language in order of frequency, family names built from stems and endings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, product

GIVEN: Mapping[str, tuple[str, ...]] = {
    "de": tuple(
        """Anna Thomas Julia Michael Katharina Stefan Sabine Andreas Laura Christian Lena Markus Susanne Martin
        Claudia Daniel Johanna Florian Birgit Sebastian Franziska Matthias Petra Tobias Elisabeth Jan Nicole Philipp
        Melanie Uwe Christina Jürgen Sandra Felix Lisa Benjamin Jana Wolfgang Carolin Lukas Heike Maximilian Antje
        Jonas Miriam Holger Theresa Moritz Ulrike Jörg Greta Konrad Friederike Leon Hannelore Rüdiger""".split()
    ),
    "fr": tuple(
        """Marie Nicolas Camille Julien Sophie Pierre Claire Antoine Isabelle Thomas Émilie Guillaume Céline Mathieu
        Nathalie François Aurélie Alexandre Hélène Vincent Manon Laurent Chloé Benoît Juliette Sébastien Margaux
        Olivier Léa Romain Catherine Maxime Pauline Jérôme Mathilde Étienne Sandrine Hugo Valérie Quentin Élodie
        Bastien Agathe Frédéric Clémence Damien Florence Rémi Lucie Thibault Solène Gaspard Noémie Adrien""".split()
    ),
    "en": tuple(
        """James Emily Oliver Sarah William Jessica Robert Elizabeth Thomas Katherine Michael Jennifer Daniel Rebecca
        Matthew Charlotte Andrew Victoria Christopher Margaret Benjamin Samantha Edward Hannah Joseph Abigail Samuel
        Alice Alexander Lucy Jonathan Grace Nicholas Eleanor Anthony Harriet Richard Georgia Timothy Susan Gregory
        Deborah Patrick Rachel Stephen Megan Theodore Amanda Kenneth Fiona Ronald Philippa Douglas Imogen""".split()
    ),
    "sv": tuple(
        """Anna Erik Maria Lars Karin Johan Sara Anders Emma Per Kristina Mikael Lena Fredrik Hanna Gustav Ingrid
        Magnus Malin Oskar Elin Nils Åsa Henrik Frida Björn Linnea Viktor Ebba Håkan Ylva Axel Josefin Jonas Sofia
        Rasmus Märta Mattias Ulrika Torbjörn Tuva Göran Sanna Albin Birgitta Lennart Moa Sixten Agnes Ludvig Signe
        Kjell Vera Stig""".split()
    ),
    "es": tuple(
        """María José Carmen Antonio Lucía Manuel Laura Francisco Marta David Ana Javier Cristina Carlos Elena Miguel
        Paula Alejandro Isabel Pablo Raquel Sergio Beatriz Fernando Pilar Álvaro Rocío Jorge Sonia Rubén Alba Diego
        Nuria Andrés Silvia Iván Teresa Raúl Inés Óscar Lorena Adrián Natalia Hugo Verónica Joaquín Irene Mateo Eva
        Gonzalo Ainhoa Ramón Noelia Íñigo""".split()
    ),
    "it": tuple(
        """Giulia Marco Francesca Andrea Chiara Alessandro Martina Luca Sara Matteo Elena Davide Valentina Lorenzo
        Federica Stefano Paola Simone Silvia Roberto Laura Giovanni Alessia Paolo Ilaria Fabio Elisa Antonio Roberta
        Riccardo Cristina Giuseppe Monica Daniele Anna Filippo Michela Tommaso Serena Gabriele Giorgia Emanuele
        Beatrice Nicola Caterina Edoardo Noemi Salvatore Arianna Leonardo Camilla Vincenzo Bianca Enrico""".split()
    ),
    "pl": tuple(
        """Anna Piotr Katarzyna Krzysztof Magdalena Tomasz Agnieszka Paweł Joanna Marcin Małgorzata Michał Monika
        Jakub Aleksandra Mateusz Ewa Łukasz Karolina Adam Natalia Kamil Barbara Wojciech Justyna Maciej Dorota Rafał
        Beata Grzegorz Paulina Dawid Marta Sebastian Zuzanna Dariusz Weronika Bartosz Sylwia Jacek Iwona Radosław Hanna
        Stanisław Kinga Przemysław Izabela Szymon Halina Zbigniew Oliwia Leszek Jadwiga Błażej""".split()
    ),
    "nl": tuple(
        """Sanne Daan Emma Bram Lotte Jeroen Anouk Thijs Femke Sander Marieke Lars Esther Martijn Iris Wouter Linda
        Ruben Nienke Bas Saskia Tim Roos Maarten Ilse Joost Marloes Niels Eva Pieter Judith Rik Floor Stijn Willemijn
        Koen Mirjam Jasper Annelies Hugo Tessa Gijs Evelien Dirk Yvonne Tijs Merel Hendrik Carlijn Jurre Hanneke Teun
        Wendy Cornelis""".split()
    ),
}
"""Most frequent first; accents as the bearer writes them."""

_STEMS: Mapping[str, tuple[str, str]] = {
    "de": (
        "Berg Stein Feld Wald Kirch Hof Linden Eich Rosen Buch Neu Alt Ober Nieder Sommer Winter Vogel Schön Holz Mühl",
        "mann bauer er meier hardt bach au inger reiter garten",
    ),
    "fr": (
        "Beau Mont Ville Roche Font Clair Val Grand Champ Bel Cour Mar Des Le La Du Char Bou Gau Per",
        "fort rand nier sard mont lange vert rier din let",
    ),
    "en": (
        "Ash Brook Hart Win Carl Thorn Ever Whit Black Hal Stan Mar Pem Lang Ward Kings Red Green Wake Hollo",
        "ton ley field ford worth well wood man bury by",
    ),
    "sv": (
        "Lind Berg Sjö Ek Hag Ny Söder Norr Wall Sand Alm Björk Dal Ström Öst Väster Holm Sund Granat Ros",
        "qvist ström berg gren lund mark man dahl ell stedt",
    ),
    "es": (
        "Mor Sal Val Cas Ser Rom Bel Agu Her Gal Cor Fer Mart Nav Ort Pal Rib San Tor Zam",
        "ales ero ino illo ado era ánez anda eda oza",
    ),
    "it": (
        "Bel Ross Mar Gal Fer Cast Mont Bern Pal San Gre Val Bon Cav Tes Riv Mor Lomb Fab Ben",
        "ini etti elli ari oni aldi ucci ante azzi osi",
    ),
    "pl": (
        "Kowal Nowak Wiśni Zawad Kamiń Leśn Dąbr Górn Jabłoń Malin Sokoł Wit Brzoz Olsz Rud Czarn Biał Star Lip Mróz",
        "ski czyk ewicz owski iak ecki icz ak iński ek",
    ),
    "nl": (
        "Ber Brui Wes Oos Vee Mei Hof Kui Schou Dui Wil Roo Noor Haa Groe Zand Vos Mole Bak Dij",
        "kema stra huis man berg sma hof kamp ten veld",
    ),
}

FAMILY: Mapping[str, tuple[str, ...]] = {
    language: tuple(dict.fromkeys(stem + ending for ending, stem in product(endings.split(), stems.split())))
    for language, (stems, endings) in _STEMS.items()
}
"""About 200 a language, most frequent first."""

NICKNAMES: Mapping[str, tuple[str, ...]] = {
    "William": ("Bill", "Will"),
    "Robert": ("Bob", "Rob"),
    "Elizabeth": ("Liz", "Beth"),
    "Katherine": ("Kate", "Kathy"),
    "Michael": ("Mike",),
    "Jennifer": ("Jen", "Jenny"),
    "Daniel": ("Dan",),
    "Rebecca": ("Becky",),
    "Matthew": ("Matt",),
    "Andrew": ("Andy", "Drew"),
    "Victoria": ("Vicky",),
    "Christopher": ("Chris",),
    "Margaret": ("Maggie", "Peggy"),
    "Benjamin": ("Ben",),
    "Samantha": ("Sam",),
    "Edward": ("Ed", "Ted"),
    "Joseph": ("Joe",),
    "Abigail": ("Abby",),
    "Samuel": ("Sam",),
    "Alexander": ("Alex",),
    "Jonathan": ("Jon",),
    "Nicholas": ("Nick",),
    "Anthony": ("Tony",),
    "Richard": ("Rick", "Dick"),
    "Timothy": ("Tim",),
    "Susan": ("Sue",),
    "Gregory": ("Greg",),
    "Deborah": ("Debbie",),
    "Patrick": ("Pat",),
    "Stephen": ("Steve",),
    "Theodore": ("Ted", "Theo"),
    "Amanda": ("Mandy",),
    "Kenneth": ("Ken",),
    "Ronald": ("Ron",),
    "Philippa": ("Pippa",),
    "Douglas": ("Doug",),
    "James": ("Jim", "Jamie"),
    "Thomas": ("Tom",),
    "Katharina": ("Kathi",),
    "Elisabeth": ("Lisa",),
    "Maximilian": ("Max",),
    "Sebastian": ("Basti",),
    "Francisco": ("Paco",),
    "Aleksandra": ("Ola",),
    "Alessandro": ("Ale",),
    "Alexandre": ("Alex",),
}
"""What some people are called instead."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A list drawn from with Zipf's frequencies: rank r has weight 1 / (r + shift) ** slope."""

    items: tuple[str, ...]
    cumulative: tuple[float, ...]

    @classmethod
    def zipf(cls, items: tuple[str, ...], slope: float, shift: float) -> Weighted:
        weights = [1 / (rank + shift) ** slope for rank in range(1, len(items) + 1)]
        total = sum(weights)
        return cls(items, tuple(accumulate(weight / total for weight in weights)))


GIVEN_BY_FREQUENCY = {language: Weighted.zipf(names, 0.85, 3.0) for language, names in GIVEN.items()}
FAMILY_BY_FREQUENCY = {language: Weighted.zipf(names, 0.75, 6.0) for language, names in FAMILY.items()}
