"""Types into a workbook as a person does, in LibreOffice. Run by a Python that has uno, not by the one of the tests.

Usage: python3 uno_typist.py SOFFICE PROFILE WORKBOOK OUT.xlsx < typed.json, a list of [sheet, cell, text];
prints what the open workbook then says about each cell, and about its formulas where asked.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException


def prop(name, value):
    item = PropertyValue()
    item.Name, item.Value = name, value
    return item


def connect(pipe, office):
    resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    for _ in range(600):
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            if office.poll() is not None:
                raise SystemExit("LibreOffice ended before it could be reached") from None
            time.sleep(0.2)
    raise SystemExit("LibreOffice did not answer within two minutes")


def semicolons(formula):
    """Return a formula with the separators of LibreOffice's interface; commas within quotes stay."""
    pieces = formula.split('"')
    return '"'.join(piece.replace(",", ";") if i % 2 == 0 else piece for i, piece in enumerate(pieces))


def main():
    soffice, profile, workbook, out = sys.argv[1:5]
    asked = json.load(sys.stdin)
    pipe = f"metaan-{os.getpid()}"  # of this office alone
    office = subprocess.Popen(
        [
            soffice,
            f"-env:UserInstallation={Path(profile).as_uri()}",
            "--headless",
            "--norestore",
            "--nologo",
            f"--accept=pipe,name={pipe};urp;",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    desktop = None
    try:
        services = connect(pipe, office).ServiceManager
        context = services.DefaultContext
        desktop = services.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        dispatcher = services.createInstanceWithContext("com.sun.star.frame.DispatchHelper", context)
        book = desktop.loadComponentFromURL(Path(workbook).as_uri(), "_blank", 0, ())
        controller = book.CurrentController
        answers = []
        plain = [sheet for sheet, _, _ in asked["typed"] if not book.Sheets.hasByName(sheet)]
        for sheet in dict.fromkeys(plain):
            book.Sheets.insertNewByName(sheet, book.Sheets.Count)
        for sheet, cell, text in asked["typed"]:
            controller.setActiveSheet(book.Sheets.getByName(sheet))
            dispatcher.executeDispatch(controller.Frame, ".uno:GoToCell", "", 0, (prop("ToPoint", cell),))
            dispatcher.executeDispatch(controller.Frame, ".uno:EnterString", "", 0, (prop("StringName", text),))
            here = book.Sheets.getByName(sheet).getCellRangeByName(cell)
            answers.append([here.Type.value, here.String])
        results = []
        if asked.get("formulas"):
            book.Sheets.insertNewByName("Scratch", book.Sheets.Count)
            plain.append("Scratch")
            page = book.Sheets.getByName("Scratch")
            for i, (texts, formula) in enumerate(asked["formulas"]):
                for name, text in texts.items():
                    page.getCellRangeByName(name).String = text
                cell = page.getCellByPosition(900, i)
                cell.Formula = "=" + semicolons(formula)
                results.append(bool(cell.Value) and not cell.getError())
                for name in texts:
                    page.getCellRangeByName(name).String = ""
        for sheet in dict.fromkeys(plain):
            book.Sheets.removeByName(sheet)
        book.storeToURL(Path(out).as_uri(), (prop("FilterName", "Calc MS Excel 2007 XML"),))
        book.close(True)
        print(json.dumps({"cells": answers, "formulas": results}))
    finally:
        if desktop is not None:
            with contextlib.suppress(Exception):  # the bridge breaks while it answers
                desktop.terminate()
        try:
            office.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(office.pid, signal.SIGKILL)  # the script that starts the office, and the office


if __name__ == "__main__":
    main()
