"""People with short names of which there are few, and a birth date: hardly a letter to tell a mistake from a stranger.

Imitates registers in which Chinese, Korean and Vietnamese names are written in Latin letters: a few surnames serve most
people, given names are of one or two syllables (written together, apart or with a hyphen), and one name has several
spellings (Zhang, Chang). An eighth of the people stand there twice or three times, with one mistake or two: a letter,
another spelling, names the other way round, a date misread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from benchmarks.linking.alike.mistakes import born, misread_date, mistyped
from connectors.sample.dice import Dice
from connectors.sample.names import Weighted

_SURNAMES = {
    "zh": "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Gao Lin Luo Zheng Liang Xie Song "
    "Tang Deng Han Feng Cao Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du Ye Cheng Wei Su Lu Ding Ren Yao Shen "
    "Cui Tan Fan Jin Shi Liao Jia Xia Fu Fang Bai Zou Meng Xiong Qin Qiu Hou Yin Xue Yan Lei Long Tao Gu Mao Hao Gong",
    "ko": "Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song Yoo Hong Jeon Ko Moon Son "
    "Yang Bae Baek Heo Nam Shim Noh Ha Joo Koo Cha Woo Min Ryu Na Jin Ji Eom Won Bang",
    "vi": "Nguyen Tran Le Pham Hoang Phan Vu Dang Bui Do Ho Ngo Duong Ly Dinh Truong Mai Trinh Dao Doan Ha Cao Luu Ta",
}
_SYLLABLES = {
    "zh": "wei ming jing hua fang li na xiu ying min jie juan yan ping gang lei qiang jun yong tao chao peng xia bo yu "
    "hong mei lan guo jian xin ning hui dan yang xue lin feng bin chun qing rui hao ting yi zhen shan bei kai long",
    "ko": "min seo ji hyun soo young jae woo hee eun kyung sun jin ho sung mi yeon hye won dong joon ah in seung tae "
    "sang chul hwan yun ha na bo ra do yeol kyu seok geun",
    "vi": "anh minh thi van hoa lan huong mai thanh tuan hung dung duc nam long hai linh thao trang phuong ngoc quang "
    "hieu son khanh giang ha tam phuc vy",
}
_SPELLINGS = {
    "Zhang": "Chang", "Li": "Lee", "Lee": "Yi", "Xu": "Hsu", "Zhou": "Chou", "Zhao": "Chao", "Cai": "Tsai",
    "Xie": "Hsieh", "Wang": "Wong", "Chen": "Chan", "Huang": "Hwang", "Liu": "Lau", "Wu": "Ng", "Yang": "Yeung",
    "Park": "Pak", "Choi": "Choe", "Jung": "Jeong", "Cho": "Jo", "Yoon": "Yun", "Lim": "Im", "Yoo": "Yu", "Vu": "Vo",
    "Zhu": "Chu", "Qin": "Chin", "Zheng": "Cheng", "Jiang": "Chiang", "Zeng": "Tseng", "Xiao": "Hsiao", "Oh": "O",
}  # fmt: skip
_FAMILY = {
    language: Weighted.zipf(tuple(dict.fromkeys(names.split())), 0.9, 1.5) for language, names in _SURNAMES.items()
}
_GIVEN = {
    language: Weighted.zipf(tuple(dict.fromkeys(names.split())), 0.5, 5.0) for language, names in _SYLLABLES.items()
}

_NO_DATE = 0.03


@dataclass(frozen=True, slots=True)
class _Person:
    family: str
    given: tuple[str, ...]
    birth: date
    gender: str


def short_names(seed: int, records: int) -> Iterator[dict[str, str | None]]:
    """So many records (at least), each with `cluster`, who it is."""
    dice, made, who = Dice("short names", seed), 0, 0
    while made < records:
        person, who = _person(dice), who + 1
        made += 1
        birth = None if dice.chance(_NO_DATE) else person.birth.isoformat()
        yield _record(who, person.family, _written(dice, person), birth, person.gender)
        again = 0
        while again < 2 and dice.chance(0.125):
            again += 1
            made += 1
            yield _again(dice, who, person)


def _person(dice: Dice) -> _Person:
    language = dice.pick(("zh", "zh", "zh", "ko", "vi"))
    syllables = tuple(dice.name(_GIVEN[language]) for _ in range(1 if dice.chance(0.3) else 2))
    return _Person(dice.name(_FAMILY[language]), syllables, born(dice, 1935, 2010), dice.pick("mf"))


def _written(dice: Dice, person: _Person) -> str:
    joint = dice.pick(("", "", "", " ", "-"))
    first, *others = person.given
    return joint.join((first.capitalize(), *(other.capitalize() if joint else other for other in others)))


def _again(dice: Dice, who: int, person: _Person) -> dict[str, str | None]:
    family, given = person.family, _written(dice, person)
    birth = None if dice.chance(_NO_DATE) else person.birth.isoformat()
    for _ in range(2 if dice.chance(0.25) else 1):
        drawn = dice.share()
        if drawn < 0.25:
            given = mistyped(dice, given)
        elif drawn < 0.4:
            family = mistyped(dice, family)
        elif drawn < 0.55:
            family = _SPELLINGS.get(family, family)
        elif drawn < 0.65:
            family, given = given, family
        elif birth is not None:
            birth = misread_date(dice, person.birth)
    return _record(who, family, given, birth, person.gender if dice.chance(0.98) else None)


def _record(who: int, family: str, given: str, birth: str | None, gender: str | None) -> dict[str, str | None]:
    return {"cluster": str(who), "surname": family, "given_name": given, "date_of_birth": birth, "gender": gender}
