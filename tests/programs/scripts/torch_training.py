# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A network trained with torch: Adam, a scheduler, dropout, a data loader with a generator."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
torch.set_num_threads(1)
data = torch.randn(600, 8)
target = (data[:, 0] * data[:, 1] + torch.sin(data[:, 2])).unsqueeze(1)
loader = DataLoader(TensorDataset(data, target), batch_size=50, shuffle=True,
                    generator=torch.Generator().manual_seed(4))
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 30)
criterion = nn.MSELoss()
for epoch in range(60):
    total = 0.0
    for batch, wanted in loader:
        optimizer.zero_grad()
        loss = criterion(model(batch), wanted)
        loss.backward()
        optimizer.step()
        total += loss.item()
    schedule.step()
    if epoch % 10 == 0:
        print(epoch, repr(total), schedule.get_last_lr())
print([repr(float(p.abs().sum())) for p in model.parameters()])
