"""A count as FHIR R4: a Bundle of one DiagnosticReport and its Observations.

Codes are of LOINC, both active in the listings read in November 2026: 51587-4, Plasmodium sp [Presence] in
Blood by Light microscopy, as in the value set of reportable organisms of the Swiss Federal Office of Public
Health (CH ELM) and in a catalogue of NUH Singapore; 48427-9, Erythrocytes.Plasmodium sp infected/1000
erythrocytes in Blood. What LOINC has no code for, such as parasites per µL, has words.
"""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.wording import percent_text, verdict_text

__all__ = ["CAVEAT", "fhir_bundle"]

CAVEAT = "Species not determined; a thin film cannot exclude malaria. For research use only, not a diagnosis."
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
PRESENCE = (LOINC, "51587-4", "Plasmodium sp [Presence] in Blood by Light microscopy")
PER_THOUSAND = (LOINC, "48427-9", "Erythrocytes.Plasmodium sp infected/1000 erythrocytes in Blood")
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"

Resource = dict[str, Any]


def fhir_bundle(summary: Mapping[str, Any], run: Mapping[str, Any], sample: str = "") -> Resource:
    """The count as a Bundle of type `collection`, ready for JSON; the same count gives the same ids.

    Parameters
    ----------
    summary, run : as they stand in summary.json and run.json.
    sample : number of the sample for `DiagnosticReport.identifier`; empty where there is none.
    """
    when = run.get("started_utc")
    observations = [
        _resource("Observation", summary, when, number, body)
        for number, body in enumerate(_observations(summary))
    ]
    report = _resource("DiagnosticReport", summary, when, 0, _report(summary, sample))
    report["result"] = [{"reference": f"urn:uuid:{one['id']}"} for one in observations]
    bundle: Resource = {"resourceType": "Bundle", "type": "collection"}
    if when:
        bundle["timestamp"] = when
    bundle["entry"] = [
        {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
        for resource in [report, *observations]
    ]
    return bundle


def _resource(kind: str, summary: Mapping[str, Any], when: object, number: int, body: Resource) -> Resource:
    name = f"smearcount {summary['slide']} {when} {kind} {number}"
    head: Resource = {"resourceType": kind, "id": str(uuid.uuid5(uuid.NAMESPACE_OID, name))}
    # a person has to look at it first: never `final`
    head["status"] = "preliminary"
    if when:
        head["effectiveDateTime"] = when
    return head | body


def _report(summary: Mapping[str, Any], sample: str) -> Resource:
    body: Resource = {
        "category": [_concept((SECTION, "MB", "Microbiology"))],
        "code": _concept(PRESENCE),
        "conclusion": f"{_conclusion(summary)} {CAVEAT}",
    }
    return ({"identifier": [{"value": sample}]} if sample else {}) | body


def _conclusion(summary: Mapping[str, Any]) -> str:
    calls = f"{summary['infected']} of {summary['counted']} red cells called infected"
    look = summary.get("second_look") or {}
    verdict = verdict_text(str(summary["verdict"]), look.get("cells"))
    text = f"{verdict[0].upper()}{verdict[1:]}: {calls}."
    if summary["verdict"] in ("uncertain", "none distinguishable") and summary["high"] is not None:
        text += f" Up to {percent_text(summary['high'])} cannot be ruled out."
    return text


def _observations(summary: Mapping[str, Any]) -> Iterator[Resource]:
    yield _observation(PRESENCE, summary, _presence(summary))
    fraction = _per_thousand(summary, ("parasitaemia", "low", "high"))
    yield _observation(PER_THOUSAND, summary, fraction)
    if summary.get("asexual_parasitaemia") is not None:
        keys = ("asexual_parasitaemia", "asexual_low", "asexual_high")
        yield _observation(PER_THOUSAND, summary, _per_thousand(summary, keys), "without gametocytes")
    yield from _density(summary)
    yield _observation(None, summary, _number(summary["counted"], "{RBCs}"), "Red cells counted")
    for stage, number in sorted(summary["stages"].items()):
        yield _observation(None, summary, _number(number, "{RBCs}"), f"Infected red cells, stage {stage}")


def _density(summary: Mapping[str, Any]) -> Iterator[Resource]:
    """Parasites per µL of the headline; nothing where there is none."""
    found = summary.get("headline")
    if found is None:
        return
    words = (
        f"Parasites per µL of blood ({found['kind']}), from {found['red_cells_per_ul']:,.0f} red cells "
        f"per µL, {found['red_cells_source']}"
    )
    if summary["verdict"] == "not countable":
        yield _observation(None, summary, _unsatisfactory(), words)
        return
    keys = ("parasites_per_ul", "parasites_per_ul_low", "parasites_per_ul_high")
    value, low, high = (round(found[key], 1) for key in keys)
    unit = ("parasites/µL", "{parasites}/uL")
    bounds = _bounds(summary["interval_method"], _quantity(low, *unit), _quantity(high, *unit))
    yield _observation(None, summary, _quantity(value, *unit) | bounds, words)


def _observation(
    code: tuple[str, str, str] | None, summary: Mapping[str, Any], value: Resource, words: str = ""
) -> Resource:
    coded: Resource = {} if code is None else _concept(code)
    text = f"{code[2]}, {words}" if code is not None and words else words
    return {
        "category": [_concept((CATEGORY, "laboratory", "Laboratory"))],
        "code": coded | ({"text": text} if text else {}),
        **value,
        "note": [{"text": CAVEAT}, *({"text": notice["text"]} for notice in summary["notices"])],
        "method": {
            "text": f"Automated count of a stained thin blood film: smearcount, {summary['detector']}, "
            f"{summary['classifier']}"
        },
    }


def _presence(summary: Mapping[str, Any]) -> Resource:
    if summary["verdict"] == "not countable":
        return _unsatisfactory()
    body: Resource = {"valueCodeableConcept": {"text": summary["verdict"]}}
    if summary["verdict"] == "parasites seen":
        body["interpretation"] = [_concept((INTERPRETATION, "DET", "Detected"))]
    if summary["verdict"] == "uncertain":
        body["interpretation"] = [_concept((INTERPRETATION, "IND", "Indeterminate"))]
    return body


def _per_thousand(summary: Mapping[str, Any], keys: tuple[str, str, str]) -> Resource:
    value, low, high = (summary[key] for key in keys)
    if value is None or summary["verdict"] == "not countable":
        return _unsatisfactory()
    share, *bounds = (
        _quantity(round(1000 * fraction, 4), "/1000 red cells", "/10*3{RBCs}")
        for fraction in (value, low, high)
    )
    return share | _bounds(summary["interval_method"], *bounds)


def _bounds(method: str, low: Resource, high: Resource) -> Resource:
    sides = (("Lower", low), ("Upper", high))
    return {
        "component": [
            {"code": {"text": f"{side} bound of the 95% interval ({method})"}, **bound}
            for side, bound in sides
        ]
    }


def _unsatisfactory() -> Resource:
    return {"dataAbsentReason": _concept((ABSENT, "unsatisfactory", "Unsatisfactory"))}


def _number(value: int, code: str) -> Resource:
    return _quantity(value, "red cells", code)


def _quantity(value: float, unit: str, code: str) -> Resource:
    return {"valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": code}}


def _concept(code: tuple[str, str, str]) -> Resource:
    system, symbol, display = code
    return {"coding": [{"system": system, "code": symbol, "display": display}]}
