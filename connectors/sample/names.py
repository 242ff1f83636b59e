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
        Jonas Miriam Holger Theresa Moritz Ulrike Jörg Greta Konrad Friederike Leon Hannelore Rüdiger
        Ilse Karsten Dorothea Hendrik Marlene Arne Ingeborg Volker Charlotte Detlef Paula Simon Silke Torsten
        Mareike Robert Gisela Patrick Helene Erik Cornelia Steffen Nora Malte Edith Gregor Tanja Henning Ronja Bernd
        Gudrun Lars Vanessa Ralf Emilia Jakob Marion Kai Elke Niklas Ines Gerhard Svenja Dominik Irmgard Anton Romy
        Till Angela Fabian""".split()
    ),
    "fr": tuple(
        """Marie Nicolas Camille Julien Sophie Pierre Claire Antoine Isabelle Thomas Émilie Guillaume Céline Mathieu
        Nathalie François Aurélie Alexandre Hélène Vincent Manon Laurent Chloé Benoît Juliette Sébastien Margaux
        Olivier Léa Romain Catherine Maxime Pauline Jérôme Mathilde Étienne Sandrine Hugo Valérie Quentin Élodie
        Bastien Agathe Frédéric Clémence Damien Florence Rémi Lucie Thibault Solène Gaspard Noémie Adrien
        Brigitte Arnaud Caroline Cédric Delphine Denis Éloïse Fabrice Gaëlle Gilles Inès Joël Justine Kévin Laetitia
        Lionel Louise Marc Marion Nadège Océane Pascal Patricia Raphaël Sabine Serge Stéphanie Sylvain Tiphaine
        Tristan Vanessa Xavier Yann Zoé Anaïs Basile Capucine Didier Estelle Fabien Ghislaine Hervé Jeanne Léon
        Maëlle Octave Perrine Régis Salomé Théo""".split()
    ),
    "en": tuple(
        """James Emily Oliver Sarah William Jessica Robert Elizabeth Thomas Katherine Michael Jennifer Daniel Rebecca
        Matthew Charlotte Andrew Victoria Christopher Margaret Benjamin Samantha Edward Hannah Joseph Abigail Samuel
        Alice Alexander Lucy Jonathan Grace Nicholas Eleanor Anthony Harriet Richard Georgia Timothy Susan Gregory
        Deborah Patrick Rachel Stephen Megan Theodore Amanda Kenneth Fiona Ronald Philippa Douglas Imogen
        Audrey Barnaby Beatrice Callum Cassandra Clive Daphne Declan Dorothy Duncan Edith Ethan Evelyn Felicity
        Finlay Frances Geoffrey Gillian Graham Hazel Heather Hector Isobel Jasper Joanna Keith Kirsty Leonard Lorna
        Malcolm Marjorie Maurice Miranda Neville Nigel Olive Oscar Penelope Percy Phoebe Quentin Rosalind Rupert
        Sheila Simon Tabitha Toby Ursula Vernon Winifred""".split()
    ),
    "sv": tuple(
        """Anna Erik Maria Lars Karin Johan Sara Anders Emma Per Kristina Mikael Lena Fredrik Hanna Gustav Ingrid
        Magnus Malin Oskar Elin Nils Åsa Henrik Frida Björn Linnea Viktor Ebba Håkan Ylva Axel Josefin Jonas Sofia
        Rasmus Märta Mattias Ulrika Torbjörn Tuva Göran Sanna Albin Birgitta Lennart Moa Sixten Agnes Ludvig Signe
        Kjell Vera Stig
        Alva Bengt Camilla Daniel Ellen Emil Filippa Gunnar Gunilla Harald Hedda Isak Ida Jakob Julia Kalle Kerstin
        Klas Kajsa Leif Lovisa Marcus Matilda Niklas Nora Olof Petra Pontus Rebecka Robin Rut Samuel Siv Staffan
        Stina Sune Tilda Tomas Tyra Ulf Wilma Valter Vendela Viggo Svante Elsa Folke Majken Roland Saga""".split()
    ),
    "es": tuple(
        """María José Carmen Antonio Lucía Manuel Laura Francisco Marta David Ana Javier Cristina Carlos Elena Miguel
        Paula Alejandro Isabel Pablo Raquel Sergio Beatriz Fernando Pilar Álvaro Rocío Jorge Sonia Rubén Alba Diego
        Nuria Andrés Silvia Iván Teresa Raúl Inés Óscar Lorena Adrián Natalia Hugo Verónica Joaquín Irene Mateo Eva
        Gonzalo Ainhoa Ramón Noelia Íñigo
        Agustín Amparo Arturo Aurora Belén Benito Blanca Bruno Candela Celia César Clara Concha Dolores Eduardo
        Elisa Emilio Esther Esteban Fátima Félix Gema Gerardo Gloria Guillermo Héctor Ignacio Jaime Jimena Julia
        Leonor Leticia Lourdes Luis Marcos Margarita Martín Mercedes Nicolás Olga Patricia Rafael Rebeca Roberto
        Rosa Salvador Samuel Tomás Vanesa Vicente""".split()
    ),
    "it": tuple(
        """Giulia Marco Francesca Andrea Chiara Alessandro Martina Luca Sara Matteo Elena Davide Valentina Lorenzo
        Federica Stefano Paola Simone Silvia Roberto Laura Giovanni Alessia Paolo Ilaria Fabio Elisa Antonio Roberta
        Riccardo Cristina Giuseppe Monica Daniele Anna Filippo Michela Tommaso Serena Gabriele Giorgia Emanuele
        Beatrice Nicola Caterina Edoardo Noemi Salvatore Arianna Leonardo Camilla Vincenzo Bianca Enrico
        Agnese Alberto Alice Aldo Angela Bruno Carla Carlo Claudia Claudio Daniela Dario Diana Diego Donatella
        Egidio Emma Enzo Eugenia Fabiana Federico Flavia Flavio Gaia Gianluca Ginevra Giacomo Greta Guido Ilenia
        Ivan Letizia Lidia Livio Luisa Manuel Marina Massimo Mattia Maurizio Michele Nadia Norma Orlando Patrizia
        Pietro Raffaella Renato Sabrina Samuele""".split()
    ),
    "pl": tuple(
        """Anna Piotr Katarzyna Krzysztof Magdalena Tomasz Agnieszka Paweł Joanna Marcin Małgorzata Michał Monika
        Jakub Aleksandra Mateusz Ewa Łukasz Karolina Adam Natalia Kamil Barbara Wojciech Justyna Maciej Dorota Rafał
        Beata Grzegorz Paulina Dawid Marta Sebastian Zuzanna Dariusz Weronika Bartosz Sylwia Jacek Iwona Radosław Hanna
        Stanisław Kinga Przemysław Izabela Szymon Halina Zbigniew Oliwia Leszek Jadwiga Błażej
        Adrianna Andrzej Alicja Artur Bogdan Bożena Cezary Celina Danuta Dominik Edyta Eryk Filip Gabriela Grażyna
        Henryk Hubert Igor Irena Jan Janina Jarosław Julia Józef Karol Klaudia Konrad Krystyna Lech Lidia Lucjan
        Maria Marek Milena Mirosław Nadia Norbert Olga Oskar Patryk Renata Robert Roksana Sabina Sławomir Teresa
        Tadeusz Urszula Wiktor Wanda""".split()
    ),
    "nl": tuple(
        """Sanne Daan Emma Bram Lotte Jeroen Anouk Thijs Femke Sander Marieke Lars Esther Martijn Iris Wouter Linda
        Ruben Nienke Bas Saskia Tim Roos Maarten Ilse Joost Marloes Niels Eva Pieter Judith Rik Floor Stijn Willemijn
        Koen Mirjam Jasper Annelies Hugo Tessa Gijs Evelien Dirk Yvonne Tijs Merel Hendrik Carlijn Jurre Hanneke Teun
        Wendy Cornelis
        Aart Alida Anke Arjen Barbara Bart Bettine Boudewijn Carla Casper Daphne Diederik Dieuwke Edwin Elise Erwin
        Fenna Frank Gerda Gerrit Gwen Harm Heleen Henk Inge Ivo Jacoba Jelle Jolanda Jurgen Karin Kees Laura Leon
        Lieke Loes Marc Margriet Mees Monique Nico Noor Olivier Paul Petra Quirine Reinier Renske Sietse
        Sophie""".split()
    ),
}
"""Most frequent first; accents as the bearer writes them."""

_STEMS: Mapping[str, tuple[str, str]] = {
    "de": (
        "Berg Stein Feld Wald Kirch Hof Linden Eich Rosen Buch Neu Alt Ober Nieder Sommer Winter Vogel Schön Holz "
        "Mühl Acker Brand Dorn Eber Falken Gold Hagen Immen Jung Kessel Lauter Markt Nessel Otter Pfeil Quell "
        "Ritter Sauer Thal Uhl Veit Weiden Zell Ahr Birken Cors Damm Erlen Fischer Grün Heider Kranz Lerchen Moos "
        "Nord Pracht Rauh Silber Tannen Wiesen",
        "mann bauer er meier hardt bach au inger reiter garten ke ling",
    ),
    "fr": (
        "Beau Mont Ville Roche Font Clair Val Grand Champ Bel Cour Mar Des Le La Du Char Bou Gau Per Aub Bras Cam "
        "Daum Esc Fab Gir Hub Jac Kerb Lam Mich Nad Orl Pic Quin Rav Sim Tour Urb Vign Xav Yver Barb Chev Dug "
        "Éten Fer Guib Hou Jol Leb Mall Nog Oliv Pruv Rib Sab Teiss Vau",
        "fort rand nier sard mont lange vert rier din let eau ot",
    ),
    "en": (
        "Ash Brook Hart Win Carl Thorn Ever Whit Black Hal Stan Mar Pem Lang Ward Kings Red Green Wake Hollo "
        "Apple Birch Cran Dun Eck Fair Glad Hawk Ingle Joyn Kirk Lock Mill Nor Oaken Pres Quar Rush Shel Tin "
        "Under Vick Wex York Zeal Alder Burn Clif Dray Elm Froth Gar Hob Iver Kemp Lud Mord Nether Ox Pad",
        "ton ley field ford worth well wood man bury by croft shaw",
    ),
    "sv": (
        "Lind Berg Sjö Ek Hag Ny Söder Norr Wall Sand Alm Björk Dal Ström Öst Väster Holm Sund Granat Ros Asp "
        "Blom Ced Dran Eng Fors Gyl Hed Isak Jern Karl Ler Malm Näs Oxen Palm Quar Rosen Sten Tall Ull Vik Wester "
        "Ytter Zack Åker Äng Örn Brodd Flod Grim Hult Kvarn Lag Mo Nord Pil Rönn Skog Torn",
        "qvist ström berg gren lund mark man dahl ell stedt ander ius",
    ),
    "es": (
        "Mor Sal Val Cas Ser Rom Bel Agu Her Gal Cor Fer Mart Nav Ort Pal Rib San Tor Zam Alc Barr Cald Del Esp "
        "Fuent Garr Hur Izqu Jim Lor Mend Nog Olm Per Quir Rosal Sev Tej Urr Vel Yus Zub Arr Bust Camp Don Estr "
        "Flor Gim Hin Laz Mir Nie Osor Pach Reb Sol Tab Vill",
        "ales ero ino illo ado era ánez anda eda oza uera osa",
    ),
    "it": (
        "Bel Ross Mar Gal Fer Cast Mont Bern Pal San Gre Val Bon Cav Tes Riv Mor Lomb Fab Ben Ang Bor Cal Dam Esp "
        "Fior Giac Imp Lan Mazz Nard Orl Pell Quar Ricc Sart Tart Ubald Vent Zan Alb Bus Cors Dond Erc Fusc Ghir "
        "Iac Luc Mel Nic Ott Pagl Ram Scar Tom Urs Vign Zucc Bram",
        "ini etti elli ari oni aldi ucci ante azzi osi otti iani",
    ),
    "pl": (
        "Kowal Nowak Wiśni Zawad Kamiń Leśn Dąbr Górn Jabłoń Malin Sokoł Wit Brzoz Olsz Rud Czarn Biał Star Lip "
        "Mróz Adam Borow Ciesz Dud Fil Gajd Hał Igl Jan Kr Laskow Mazur Nied Orł Pietr Rat Szym Tomasz Urb Wil "
        "Zając Bąk Cich Domin Figl Głow Hryn Jur Kub Ług Makow Nog Ostr Paw Rog Sier Traw Wron Żuk Śliw",
        "ski czyk ewicz owski iak ecki icz ak iński ek arz uch",
    ),
    "nl": (
        "Ber Brui Wes Oos Vee Mei Hof Kui Schou Dui Wil Roo Noor Haa Groe Zand Vos Mole Bak Dij Aal Blij Cloe "
        "Doorn Eek Fran Gel Hein IJs Jon Kloo Lin Mid Nij Ool Poel Raa Ste Tui Uit Ver Wage Zee Arn Bos Cro Dek "
        "Els Fok Gre Hui Joos Kren Leem Mun Ned Olde Pron Rij Sloo",
        "kema stra huis man berg sma hof kamp ten veld laar donk",
    ),
}

_MIDDLES: Mapping[str, str] = {
    "de": "en els", "fr": "ou e", "en": "ing er", "sv": "en a", "es": "al er",
    "it": "an er", "pl": "ow al", "nl": "en er",
}  # fmt: skip

FAMILY: Mapping[str, tuple[str, ...]] = {
    language: tuple(
        dict.fromkeys(
            stem + middle + ending
            for middle, ending, stem in product(["", *_MIDDLES[language].split()], endings.split(), stems.split())
        )
    )
    for language, (stems, endings) in _STEMS.items()
}
"""About 2,000 a language, most frequent first."""

STEMS: Mapping[str, tuple[str, ...]] = {language: tuple(stems.split()) for language, (stems, _) in _STEMS.items()}
"""What family, town and street names begin with."""

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


GIVEN_BY_FREQUENCY = {
    language: Weighted.zipf(tuple(dict.fromkeys(names)), 0.55, 8.0) for language, names in GIVEN.items()
}
FAMILY_BY_FREQUENCY = {language: Weighted.zipf(names, 0.5, 20.0) for language, names in FAMILY.items()}
