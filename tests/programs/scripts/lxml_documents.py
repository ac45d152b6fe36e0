# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# refused: lxml.etree
"""Documents with lxml: built, searched, transformed; a tree is libxml2's, and is not saved."""
from lxml import etree

STYLE = etree.XSLT(etree.fromstring(
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    '<xsl:template match="/"><names><xsl:for-each select="//person[@age > 40]">'
    '<xsl:sort select="@name"/><n><xsl:value-of select="@name"/></n></xsl:for-each></names>'
    '</xsl:template></xsl:stylesheet>'))
root = etree.Element("people")
lengths = []
for number in range(4000):
    person = etree.SubElement(root, "person", name=f"p{number * 7919 % 4000:04d}", age=str(number % 90))
    person.text = "x" * (number % 11)
    if number % 50 == 0:
        again = etree.fromstring(etree.tostring(root))
        lengths.append((len(again.xpath("//person[@age < 30]")), len(str(STYLE(again)))))
print(lengths)
