"""What a new Tryton database needs before it can be filled: tryton_base.py CONFIG DATABASE.

A company with its currency, two sellers, countries, and the relation between an employee and an employer. Runs in
Tryton's own environment.
"""

import sys
from typing import Any

from proteus import Model, config  # type: ignore[import-not-found]

SELLERS = {"seller1": "Sam Seller", "seller2": "Petra Pitch"}
COUNTRIES = {"DE": ("DEU", "Germany"), "AT": ("AUT", "Austria"), "SE": ("SWE", "Sweden"), "FR": ("FRA", "France")}


def main(conf: str, database: str) -> None:
    config.set_trytond(f"sqlite:///{database}", config_file=conf, user="admin")
    Currency, Party, Company = (Model.get(name) for name in ("currency.currency", "party.party", "company.company"))
    Employee, User, Group = (Model.get(name) for name in ("company.employee", "res.user", "res.group"))
    euro = Currency(name="Euro", symbol="€", code="EUR", numeric_code="978")
    euro.save()
    house = Party(name="Our House")
    house.save()
    company = Company(party=house, currency=euro)
    company.save()

    def employee(name: str) -> Any:
        person = Party(name=name)
        person.save()
        record = Employee(party=person, company=company)
        record.save()
        return record

    def works_here(user: Any, name: str) -> None:
        user.companies.append(Company(company.id))
        user.company = Company(company.id)
        user.employees.append(employee(name))
        user.employee = user.employees[0]
        user.save()

    (admin,) = User.find([("login", "=", "admin")])
    works_here(admin, "Ada Admin")
    (sales,) = Group.find([("name", "=", "Sales")])
    for login, name in SELLERS.items():
        user = User(name=name, login=login, password=f"{login}-secret-1")
        user.groups.append(Group(sales.id))
        works_here(user, name)
    Country = Model.get("country.country")
    for code, (code3, name) in COUNTRIES.items():
        Country(code=code, code3=code3, name=name).save()
    RelationType = Model.get("party.relation.type")
    works_for = RelationType(name="works for")
    works_for.save()
    employs = RelationType(name="employs", reverse=works_for)
    employs.save()
    works_for.reverse = employs
    works_for.save()


if __name__ == "__main__":
    main(*sys.argv[1:3])
