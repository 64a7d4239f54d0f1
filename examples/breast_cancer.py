"""Write the breast cancer table that ships with scikit-learn as a CSV file, as a hospital might send it.

python examples/breast_cancer.py breast_cancer.csv
"""

import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer

path = Path(sys.argv[1] if len(sys.argv) > 1 else "breast_cancer.csv")
data = load_breast_cancer(as_frame=True)
table = data.data.assign(diagnosis=data.target.map({0: "malignant", 1: "benign"}))
table.to_csv(path, index=False)
print(f"{path}: {len(table)} patients, {table.shape[1] - 1} measurements each, and their diagnosis")
