"""Colours as a careful viewer shows them: by the profile of the image, in sRGB, over white."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

MODES = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "PA": "RGBA"}
SPACES = {"L": "GRAY", "RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK"}  # mode -> of its profiles
SCREEN = 2.2  # the gamma that a PNG is shown with, as its standard recommends
USUAL = 0.05  # a gamma of 1/2.2 is written as 0.45455, and rounded otherwise by some programs
NEAR = 2  # levels: a profile that moves no colour further is taken for sRGB


class Colours:
    """The profiles that were met in a set of images, each read once. Threads share it."""

    def __init__(self) -> None:
        self._transforms: dict[tuple[bytes, str], ImageCms.ImageCmsTransform | None] = {}

    def srgb(self, image: Image.Image, profile: bytes | None) -> Image.Image:
        """L or RGB; LA or RGBA if the image has transparency. A damaged profile is ignored."""
        plain = _without_palette(image)
        if plain.mode == "LAB":
            return _from_lab(plain)
        if plain.mode == "LA" and profile:
            grey, alpha = plain.split()
            return Image.merge("LA", (self.srgb(grey, profile), alpha))
        transform = profile and self._transform(profile, plain.mode)
        if transform:
            shown = ImageCms.applyTransform(plain, transform)
            assert shown is not None
            return shown.getchannel("G") if plain.mode == "L" else shown
        return plain if plain.mode in ("L", "LA", "RGB", "RGBA") else plain.convert("RGB")

    def _transform(self, profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
        key = (profile, mode)
        if key not in self._transforms:
            try:
                self._transforms[key] = _transform(profile, mode)
            except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
                self._transforms[key] = None
        return self._transforms[key]


def _without_palette(image: Image.Image) -> Image.Image:
    """One of the modes L, LA, RGB, RGBA, CMYK, YCbCr and LAB."""
    if image.mode not in ("LA", "RGBA", "La", "RGBa", "PA") and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "P":
        return image.convert("RGB")
    return image.convert(MODES[image.mode]) if image.mode in MODES else image


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """To sRGB; None if the profile is not one for this mode, or is that of sRGB."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if SPACES.get(mode) != source.profile.xcolor_space:
        return None
    target = "RGBA" if mode == "RGBA" else "RGB"
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, target)
    if mode == "CMYK":
        return transform
    colours = _samples(mode)
    shown = ImageCms.applyTransform(colours, transform)
    assert shown is not None
    before, after = (np.asarray(each.convert("RGB"), int) for each in (colours, shown))
    return transform if np.abs(before - after).max() > NEAR else None


def _samples(mode: str) -> Image.Image:
    """Every sixteenth colour of RGB, or every grey."""
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(64, 64, 3)
    return Image.fromarray(cube).convert(mode)


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    shown = ImageCms.applyTransform(image, ImageCms.buildTransform(lab, srgb, "LAB", "RGB"))
    assert shown is not None
    return shown


def of_gamma(layer: Image.Image, gamma: float | None) -> Image.Image:
    """L, LA, RGB or RGBA of a PNG whose gAMA is this, as a screen of gamma 2.2 shows it."""
    if not gamma or abs(gamma * SCREEN - 1) <= USUAL:
        return layer
    power = 1 / (gamma * SCREEN)
    shown = [round(255 * (value / 255) ** power) for value in range(256)]
    bands = layer.getbands()
    return layer.point([x for band in bands for x in (range(256) if band == "A" else shown)])


def over_white(layer: Image.Image) -> Image.Image:
    """An L, LA, RGB or RGBA image as L or RGB, with white behind what is transparent."""
    if layer.mode in ("L", "RGB"):
        return layer
    # the bytes of Image.alpha_composite, but in place and without holding Python's lock
    rgba = layer if layer.mode == "RGBA" else layer.convert("RGBA")
    white = Image.new("RGB", rgba.size, "white")
    white.paste(rgba, mask=rgba)
    return white
