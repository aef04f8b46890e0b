"""Writes snapshot.json: the second implementation of the machine profile's encoding and of the comparison of behaviour in spec/session.md."""

import json
import math
import pathlib
import struct

HERE = pathlib.Path(__file__).parent


def head(major, value):
    for bits, size, info in ((24, 0, value), (1 << 8, 1, 24), (1 << 16, 2, 25), (1 << 32, 4, 26), (1 << 64, 8, 27)):
        if value < bits:
            return bytes([major << 5 | info]) + (value.to_bytes(size, "big") if size else b"")
    raise ValueError(value)


def number(value):
    """The shortest of the three floating point forms that holds the value."""
    for form, first in (("e", 0xF9), ("f", 0xFA)):
        try:
            short = struct.pack(">" + form, value)
        except OverflowError:
            continue
        if struct.unpack(">" + form, short)[0] == value:
            return bytes([first]) + short
    return b"\xfb" + struct.pack(">d", value)


def cbor(item):
    if isinstance(item, bool):
        return b"\xf5" if item else b"\xf4"
    if isinstance(item, int):
        return head(0, item)
    if isinstance(item, float):
        return number(item)
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return head(4, len(item)) + b"".join(map(cbor, item))
    entries = sorted((cbor(key), cbor(value)) for key, value in item.items())
    return head(5, len(entries)) + b"".join(key + value for key, value in entries)


PROFILE = {
    "cpu_serial": "10000000a3c2b1d0", "mcu_id": "usb-Klipper_stm32f446xx_3A0031", "board": "stm32f446xx", "further_mcus": ["toolhead 1f2e3d4c5b6a"],
    "model": "Bench 220", "firmware": "v0.13.0-730", "kinematics": "cartesian",
    "min_x_mm": 0.0, "max_x_mm": 220.0, "min_y_mm": 0.0, "max_y_mm": 220.0, "min_z_mm": 0.0, "max_z_mm": 250.0,
    "home_x_mm": 0.0, "home_y_mm": 0.0, "home_z_mm": 0.0, "max_nozzle_c": 260.0, "max_bed_c": 110.0, "max_chamber_c": 0.0, "min_extrude_c": 170.0,
    "max_velocity_mm_s": 300.0, "max_acceleration_mm_s2": 3000.0, "square_corner_velocity_mm_s": 5.0, "minimum_cruise_ratio": 0.5,
    "max_z_velocity_mm_s": 15.0, "max_z_acceleration_mm_s2": 100.0, "max_extrude_only_distance_mm": 50.0, "instantaneous_corner_velocity_mm_s": 1.0,
    "nozzle_diameter_mm": 0.4, "filament_diameter_mm": 1.75, "extruders": 1, "arcs": False, "radius_arcs": False, "arc_resolution_mm": 1.0, "macros": ["PRINT_START"],
    "thermal_rise_s": 14.25, "thermal_rise_scatter_s": 0.2, "homing_s": 4.0, "homing_scatter_s": 0.1,
    "homing_x_mm_s": 50.0, "homing_y_mm_s": 50.0, "homing_z_mm_s": 8.0, "mesh_deviation_mm": 0.06, "mesh_scatter_mm": 0.002,
}


def figure(found, expected, tolerance):
    return {"found": found, "expected": expected, "tolerance": tolerance, "differs": abs(found - expected) > tolerance}


def homing(seconds, x, y, z):
    expected = PROFILE["homing_s"] + x / PROFILE["homing_x_mm_s"] + y / PROFILE["homing_y_mm_s"] + z / PROFILE["homing_z_mm_s"]
    hidden = sum(way < 5 for way in (x, y, z))
    return {"kind": "homing", "x": x, "y": y, "z": z} | figure(seconds, expected, 0.75 + 0.25 * hidden + 0.03 * expected + 3 * PROFILE["homing_scatter_s"])


def heating(seconds):
    mean = PROFILE["thermal_rise_s"]
    return {"kind": "heating"} | figure(seconds, mean, 0.4 + 0.1 * mean + 3 * PROFILE["thermal_rise_scatter_s"])


def mesh(deviation):
    mean = PROFILE["mesh_deviation_mm"]
    return {"kind": "mesh"} | figure(deviation, mean, 0.01 + 0.15 * mean + 3 * PROFILE["mesh_scatter_mm"])


COMPARISONS = [
    homing(14.3, 100.0, 100.0, 50.0), homing(12.6, 100.0, 100.0, 50.0), homing(16.1, 100.0, 100.0, 50.0), homing(4.5, 10.0, 10.0, 5.0), homing(3.0, 0.0, 4.9, 5.0), homing(6.6, 0.0, 4.9, 5.0),
    heating(14.0), heating(16.6), heating(16.8), heating(11.7), mesh(0.07), mesh(0.1),
]
assert all(math.isfinite(entry["expected"]) for entry in COMPARISONS)

(HERE / "snapshot.json").write_text(json.dumps(
    {"spec": "spec/session.md v1.1.0", "profile": PROFILE, "encoding": cbor(PROFILE).hex(), "comparisons": COMPARISONS}, indent=2, ensure_ascii=False) + "\n")
