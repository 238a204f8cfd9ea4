pytest_plugins = ["whippet_dogstatsd"]
