def recipes():
    return []
