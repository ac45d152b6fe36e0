# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Mapped classes and sessions of SQLAlchemy on a database in a file, with queries between calculations."""
import random

from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, func, select
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()


class Sensor(Base):
    __tablename__ = "sensor"
    id = Column(Integer, primary_key=True)
    name = Column(String, unique=True)
    readings = relationship("Reading", back_populates="sensor", order_by="Reading.id")


class Reading(Base):
    __tablename__ = "reading"
    id = Column(Integer, primary_key=True)
    value = Column(Integer)
    sensor_id = Column(Integer, ForeignKey("sensor.id"))
    sensor = relationship("Sensor", back_populates="readings")


engine = create_engine("sqlite:///readings.db")
Base.metadata.create_all(engine)
rng = random.Random(5)
kept = []
for step in range(24):
    with Session(engine) as session:
        sensor = Sensor(name=f"s{step}")
        session.add(sensor)
        for _ in range(6):
            sensor.readings.append(Reading(value=sum(rng.random() < 0.3 for _ in range(6000))))
        session.commit()
        count = session.scalar(select(func.count(Reading.id)))
        best = session.execute(
            select(Sensor.name, func.sum(Reading.value).label("total")).join(Reading)
            .where(Sensor.name.regexp_match("s[0-9]+")).group_by(Sensor.name).order_by(func.sum(Reading.value).desc())
        ).first()
        kept.append(session.get(Sensor, step // 2 + 1))
        session.expunge_all()
    print(step, count, best, kept[-1].name, sum(k * k % 7 for k in range(60000)), flush=True)
engine.dispose()
