"""Settings of the server, from the environment and the command line, checked before it starts.

    DATABASE_URL               a PostgreSQL of one's own, as a libpq URL or conninfo; the variables
                               of libpq itself (PGPASSWORD, PGSSLMODE, ...) keep their meaning
    KETENLEDGER_READ_URL       a streaming replica of it, from which is read; none: the same one
    KETENLEDGER_FOLDER         the data folder: the embedded database and the keys; `.ketenledger`
    KETENLEDGER_HOST, _PORT    where the server listens; 127.0.0.1 and 8000
    KETENLEDGER_BASE_URL       under which address others reach it, where that is not host and port
    KETENLEDGER_ORGANISATION, _CONTACT  who runs this server, and how to reach them: an https or
                               e-mail address, for what the pages state; empty
    KETENLEDGER_CHECK_HOUR     at which hour (0 to 23, UTC) every chain is checked each night; 2,
                               or off
    KETENLEDGER_TSA_URL        the time-stamping authority that stamps checkpoints; none: no stamps
    KETENLEDGER_TSA_CERTIFICATES  PEM files its stamps are checked with, split as PATH is
    KETENLEDGER_TSA_INTERVAL_SECONDS  how long after a stamp the next is asked for; 86400, a day
    KETENLEDGER_ERASURES       the folder of the erasure list, which is in no backup; `erasures` in
                               the data folder
    KETENLEDGER_KMS_URL        a transit engine (OpenBao, Vault) that holds the keys of partners,
                               such as https://bao.example/v1/transit; none: keys are files
    KETENLEDGER_KMS_TOKEN      the file with the token for it
    KETENLEDGER_ISSUER         who says who somebody is: the address of an OpenID Connect issuer
    KETENLEDGER_AUDIENCE       what its access tokens for this server are for (their `aud`)
    KETENLEDGER_CLIENT_ID      under which name the pages are known there; none: nobody signs in
    KETENLEDGER_CLIENT_SECRET  the file with the secret of the pages there; none: without one
    KETENLEDGER_PROXIES        addresses or networks, with commas, of the proxies that are believed
                               about who sent a request (X-Forwarded-For, -Proto); none
    KETENLEDGER_RATES          how often somebody may ask per minute, where that is not the default:
                               reading=1200,recording=600 (see api/rates.py), or off
    KETENLEDGER_DEVELOPMENT    1: an issuer of its own; only on this machine itself

A server needs an issuer and an audience, unless it is one for development: that brings its own.

Settings print themselves without the database URL, since a password may stand in it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from api import rates
from ledger.embedded import running
from ledger.key_provider import KeyRefused
from ledger.key_token import SCHEME, read_place

PREFIX = "KETENLEDGER_"
YES = ("1", "true", "ja", "yes")
OFF = "off"
NO = ("", "0", "false", "nee", "no")
MAX_PORT = 65_535
MAX_HOUR = 23
DEFAULT_HOUR = 2
MAX_INTERVAL_SECONDS = 366 * 86_400
CONTACT = re.compile(r"https://[^\s<>\"]{1,300}|[^\s@<>\"?&]{1,200}@[^\s@<>\"?&]{1,200}")


class SettingsRefused(Exception):
    """The server cannot start like this; the message is one Dutch line that says why."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a server needs to know; every limit stands here."""

    database_url: str = field(default="", repr=False)
    read_url: str = field(default="", repr=False)
    """A streaming replica of that database, from which pages and questions are answered."""
    folder: Path = Path(".ketenledger")
    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = ""
    organisation: str = ""
    """Who runs this server, as the statements on privacy and accessibility name them."""
    contact: str = ""
    """How to reach them: an https address or an e-mail address."""
    development: bool = False
    issuer: str = ""
    audience: str = ""
    client_id: str = ""
    client_secret: Path | None = None
    erasure_folder: Path | None = None
    """Where it is kept what was erased, outside every backup; None: in the data folder."""
    kms_url: str = ""
    kms_token: Path | None = None
    tsa_url: str = ""
    tsa_certificates: tuple[Path, ...] = ()
    tsa_interval_seconds: int = 86_400

    proxies: tuple[str, ...] = ()
    """Whose word is taken for the address and scheme of a request."""
    rates: Mapping[str, int] = field(default_factory=lambda: dict(rates.DEFAULT))
    """How many requests of a kind somebody may send per minute; a kind that is missing: any number.
    """
    max_address_bytes: int = 8 * 1024
    """How long the path and query of a request may be together."""
    request_seconds: float = 120.0
    """How long it may take until an answer begins."""
    max_body_bytes: int = 256 * 1024
    max_requests: int = 512
    """How many requests are dealt with at once; one more is told to come back."""
    max_streams: int = 100
    """How many pages are told live of new events; one more has to be reloaded by hand."""
    read_connections: int = 8
    write_connections: int = 4
    read_seconds: float = 10.0
    """How long one question to the read models may take."""
    submit_seconds: float = 30.0
    """How long a caller waits until an act is on disk."""
    at_least_seconds: float = 5.0
    """How long a reader waits for the read models to have a position."""
    tsa_poll_seconds: float = 30.0
    """How often is looked for a checkpoint that is due for a time stamp."""
    tick_seconds: float = 5.0
    """How often is looked for what time has made happen."""
    check_hour: int | None = DEFAULT_HOUR
    """The hour (UTC) from which every chain is checked as it is stored; None: never."""
    logs: bool = True
    """Whether the server writes its log, JSON lines on standard error."""
    stop_seconds: float = 20.0
    """How long the work in hand may take when the server stops."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= MAX_PORT:
            raise SettingsRefused(f"Poort {self.port} bestaat niet: kies er een tot {MAX_PORT}.")
        if self.check_hour is not None and not 0 <= self.check_hour <= MAX_HOUR:
            raise SettingsRefused(
                f"KETENLEDGER_CHECK_HOUR is een uur van 0 tot en met {MAX_HOUR}, of {OFF}."
            )
        if self.development and not is_loopback(self.host):
            raise SettingsRefused(
                f"De ontwikkelmodus gelooft wie iemand zegt te zijn en mag daarom niet op "
                f"{self.host} luisteren: gebruik 127.0.0.1 of laat --development weg."
            )
        if self.base_url and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise SettingsRefused("KETENLEDGER_BASE_URL begint met http:// of https://.")
        if self.contact and not CONTACT.fullmatch(self.contact):
            raise SettingsRefused(
                "KETENLEDGER_CONTACT is een adres dat met https:// begint, of een e-mailadres."
            )
        _require_authority(self)
        _require_key_service(self)
        _require_networks(self.proxies)

    @property
    def erasures(self) -> Path:
        """The folder of the erasure list."""
        return self.erasure_folder or self.folder / "erasures"

    @property
    def address(self) -> str:
        """Where others reach the server, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.base_url.rstrip("/") or f"http://{host}:{self.port}"


def from_environment(
    environment: Mapping[str, str] = os.environ,
    *,
    host: str | None = None,
    port: int | None = None,
    development: bool | None = None,
) -> Settings:
    """Return the settings of the environment; what the command line says goes first.

    Raises SettingsRefused.
    """
    said = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    if development is None:
        development = _flag("KETENLEDGER_DEVELOPMENT", said.get("development", ""))
    return Settings(
        database_url=environment.get("DATABASE_URL", ""),
        read_url=said.get("read_url", ""),
        folder=Path(said.get("folder") or Settings.folder),
        host=host or said.get("host") or Settings.host,
        port=_number("KETENLEDGER_PORT", said.get("port", ""), Settings.port)
        if port is None
        else port,
        base_url=said.get("base_url", ""),
        organisation=said.get("organisation", ""),
        contact=said.get("contact", ""),
        development=development,
        issuer=said.get("issuer", ""),
        audience=said.get("audience", ""),
        client_id=said.get("client_id", ""),
        client_secret=Path(said["client_secret"]) if said.get("client_secret") else None,
        kms_url=said.get("kms_url", ""),
        kms_token=Path(said["kms_token"]) if said.get("kms_token") else None,
        erasure_folder=Path(said["erasures"]) if said.get("erasures") else None,
        proxies=tuple(one.strip() for one in said.get("proxies", "").split(",") if one.strip()),
        rates=_rates(said.get("rates", "")),
        check_hour=_hour(said.get("check_hour", "")),
        tsa_url=said.get("tsa_url", ""),
        tsa_certificates=tuple(
            Path(one) for one in said.get("tsa_certificates", "").split(os.pathsep) if one
        ),
        tsa_interval_seconds=_number(
            "KETENLEDGER_TSA_INTERVAL_SECONDS",
            said.get("tsa_interval_seconds", ""),
            Settings.tsa_interval_seconds,
        ),
    )


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Give the conninfo of the database: the one named, else the embedded one, which is started."""
    if settings.database_url:
        yield settings.database_url
    else:
        with running(settings.folder) as conninfo:
            yield conninfo


def require_identity(settings: Settings) -> None:
    """Refuse to start where it is not settled who says who somebody is; SettingsRefused."""
    named = settings.issuer, settings.audience
    if settings.development:
        if any(named):
            raise SettingsRefused(
                "De ontwikkelmodus brengt haar eigen uitgever van tokens mee: laat --development "
                "weg, of KETENLEDGER_ISSUER en KETENLEDGER_AUDIENCE."
            )
        return
    if not all(named):
        raise SettingsRefused(
            "Niet gezegd is wie bepaalt wie iemand is: geef KETENLEDGER_ISSUER en "
            "KETENLEDGER_AUDIENCE, of start met --development op deze machine zelf."
        )
    url = urlsplit(settings.issuer)
    local = url.scheme == "http" and is_loopback(url.hostname or "")
    if not url.hostname or not (url.scheme == "https" or local) or url.query or url.fragment:
        raise SettingsRefused("KETENLEDGER_ISSUER begint met https:// en een naam.")
    where = urlsplit(settings.address)
    if settings.client_id and where.scheme != "https" and not is_loopback(where.hostname or ""):
        raise SettingsRefused(
            f"Op de pagina's meldt niemand zich aan zonder https: laat KETENLEDGER_BASE_URL met "
            f"https:// beginnen (nu {settings.address}) of laat KETENLEDGER_CLIENT_ID weg."
        )
    if settings.client_id == settings.audience:
        raise SettingsRefused(
            "KETENLEDGER_CLIENT_ID en KETENLEDGER_AUDIENCE verschillen: een token om iemand te "
            "herkennen is geen token om vast te leggen."
        )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine itself reaches this host name or address."""
    bare = host.removeprefix("[").removesuffix("]")
    if bare.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def _flag(name: str, value: str) -> bool:
    if value.lower() not in (*YES, *NO):
        raise SettingsRefused(f"{name} is 1 of 0, niet {value!r}.")
    return value.lower() in YES


def _require_networks(proxies: tuple[str, ...]) -> None:
    """Refuse a proxy that is no address: a name, or everybody, would let anyone claim anything."""
    for one in proxies:
        try:
            network = ipaddress.ip_network(one)
        except ValueError as error:
            raise SettingsRefused(
                f"KETENLEDGER_PROXIES noemt adressen of netwerken, en {one!r} is dat niet."
            ) from error
        if network.prefixlen == 0:
            raise SettingsRefused(f"KETENLEDGER_PROXIES: {one} is iedereen; noem de proxy zelf.")


def _rates(value: str) -> Mapping[str, int]:
    """Return how many requests of each kind are allowed per minute."""
    if value.lower() == OFF:
        return {}
    given = dict(rates.DEFAULT)
    for one in filter(None, (part.strip() for part in value.split(","))):
        kind, _, most = one.partition("=")
        if kind not in given:
            raise SettingsRefused(
                f"KETENLEDGER_RATES kent {kind[:40]!r} niet; wel: {', '.join(rates.DEFAULT)}."
            )
        given[kind] = _number("KETENLEDGER_RATES", most, 0)
        if not 1 <= given[kind] <= rates.MOST:
            raise SettingsRefused(f"KETENLEDGER_RATES: {kind} is 1 tot en met {rates.MOST}.")
    return given


def _require_key_service(settings: Settings) -> None:
    """Refuse a key service that cannot be asked, or that anybody on the network could listen to."""
    if bool(settings.kms_url) != bool(settings.kms_token):
        raise SettingsRefused("KETENLEDGER_KMS_URL en KETENLEDGER_KMS_TOKEN horen bij elkaar.")
    if settings.kms_url.startswith(SCHEME):
        try:
            read_place(settings.kms_url)
        except KeyRefused as error:
            raise SettingsRefused(f"KETENLEDGER_KMS_URL: {error}") from error
        return
    url = urlsplit(settings.kms_url)
    safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname or ""))
    if settings.kms_url and not (safe and url.hostname and "@" not in url.netloc):
        raise SettingsRefused(
            "KETENLEDGER_KMS_URL begint met https:// en een naam, zonder wachtwoord; http:// mag "
            "alleen op deze machine zelf."
        )


def _require_authority(settings: Settings) -> None:
    """Refuse a time-stamping authority that cannot be asked, checked or named in public."""
    try:
        url = urlsplit(settings.tsa_url)
        named = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        named = False
    if settings.tsa_url and not named:
        raise SettingsRefused("KETENLEDGER_TSA_URL begint met http:// of https:// en een naam.")
    url = urlsplit(settings.tsa_url)
    if "@" in url.netloc or url.query or url.fragment:
        raise SettingsRefused(
            "KETENLEDGER_TSA_URL staat bij elke tijdstempel en bevat dus geen wachtwoord of vraag."
        )
    if settings.tsa_url and not settings.tsa_certificates:
        raise SettingsRefused(
            "KETENLEDGER_TSA_URL kan niet zonder KETENLEDGER_TSA_CERTIFICATES: "
            "een tijdstempel die niet is na te gaan, bewijst niets."
        )
    if not 1 <= settings.tsa_interval_seconds <= MAX_INTERVAL_SECONDS:
        raise SettingsRefused("KETENLEDGER_TSA_INTERVAL_SECONDS is 1 seconde tot 366 dagen.")


def _hour(value: str) -> int | None:
    if value.lower() == OFF:
        return None
    return _number("KETENLEDGER_CHECK_HOUR", value, DEFAULT_HOUR)


def _number(name: str, value: str, otherwise: int) -> int:
    if not value:
        return otherwise
    if not (value.isascii() and value.isdigit()):
        raise SettingsRefused(f"{name} is een geheel getal, niet {value!r}.")
    return int(value)
