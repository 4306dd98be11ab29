def summary():
    import pandas as pd

    return pd.DataFrame()
