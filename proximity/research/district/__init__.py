"""One invented district whose authority has worked for three weeks: the demonstration.

    places → agenda of patients, contacts, officers → doors of the service → a directory

Everything is done through the doors of the real service, under a clock that moves: what
officers do by the forms of the console, what phones do by the API for devices, what the
worker does by its runs. People, places and their meetings are invented, by a seed.
"""
