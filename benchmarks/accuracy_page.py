def write_page(known, folder):
    print("page")
