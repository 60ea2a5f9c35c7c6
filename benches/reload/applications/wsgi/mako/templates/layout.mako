<title>Shop</title>${self.body()}
