# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Pictures drawn pixel by pixel and by lines, with a palette, saved, opened lazily and filtered."""
import io

from PIL import Image, ImageDraw, ImageFilter

SIZE = 150
picture = Image.new("RGB", (SIZE, SIZE))
pixels = picture.load()
layer = Image.new("RGBA", (SIZE, SIZE), (255, 0, 0, 40))
pen = ImageDraw.Draw(layer, "RGBA")
table = picture.quantize(16)
table.putpalette([n % 256 for n in range(48)])
checksum = 0
for y in range(SIZE):
    for x in range(SIZE):
        z, c, n = 0j, complex(x / SIZE * 3 - 2, y / SIZE * 2 - 1), 0
        while abs(z) < 2 and n < 60:
            z, n = z * z + c, n + 1
        pixels[x, y] = n * 4, n, 255 - n
    pen.line((0, y, SIZE, SIZE - y), fill=(0, y, 0, 90))
    table.putpixel((y, y), y % 16)
    if y % 15 == 14:
        file = io.BytesIO()
        picture.save(file, "PNG")
        opened = Image.open(io.BytesIO(file.getvalue()))
        small = picture.filter(ImageFilter.BLUR).resize((20, 20))
        checksum = (checksum * 31 + sum(small.tobytes()) + sum(opened.tobytes())) % 1000003
        print(y, checksum, flush=True)
picture.paste(layer, (0, 0), layer)
picture.save("fractal.png")
table.save("table.gif")
print(checksum, table.getpalette()[:6], pixels[3, 4], pen.mode)
