#include "strokes_item.h"

#include <QtGui/QPainter>
#include <QtQuick/QQuickWindow>

namespace {
enum Style { Outline, Filled, Band, Icon };
}

StrokesItem::StrokesItem(QQuickItem *parent)
    : QQuickPaintedItem(parent)
{
    setAntialiasing(true);
}

void StrokesItem::setStrokes(const QList<double> &strokes)
{
    if (m_strokes == strokes)
        return;
    m_strokes = strokes;
    update();
}

void StrokesItem::setColor(const QColor &color)
{
    m_color = color;
    update();
}

qreal StrokesItem::pixelRatio() const
{
    return window() ? window()->effectiveDevicePixelRatio() : 1.0;
}

void StrokesItem::paint(QPainter *painter)
{
    const qreal pixel = 1.0 / pixelRatio();
    painter->setRenderHint(QPainter::Antialiasing);
    qsizetype at = 0;
    while (at + 3 <= m_strokes.size()) {
        const auto style = static_cast<Style>(int(m_strokes[at]));
        const bool closed = m_strokes[at + 1] != 0;
        const auto count = qsizetype(m_strokes[at + 2]);
        at += 3;
        if (at + 2 * count > m_strokes.size())
            return;
        QPolygonF points(count);
        for (qsizetype i = 0; i < count; ++i)
            points[i] = QPointF(m_strokes[at + 2 * i], m_strokes[at + 2 * i + 1]);
        at += 2 * count;
        if (style == Filled || style == Band) {
            QColor faint = m_color;
            faint.setAlphaF(style == Band ? 0.10f : 0.22f);
            painter->setPen(Qt::NoPen);
            painter->setBrush(faint);
            if (closed)
                painter->drawPolygon(points);
        }
        painter->setBrush(Qt::NoBrush);
        const auto draw = [&](const QPen &pen) {
            painter->setPen(pen);
            if (closed)
                painter->drawPolygon(points);
            else
                painter->drawPolyline(points);
        };
        if (style == Icon) {
            draw(QPen(m_color, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
            continue;
        }
        // A light rim keeps the line apart from what has its colour.
        draw(QPen(QColor(255, 255, 255, 150), 3 * pixel, Qt::SolidLine, Qt::FlatCap, Qt::MiterJoin));
        QPen line(m_color, pixel, Qt::SolidLine, Qt::FlatCap, Qt::MiterJoin);
        if (style == Band)
            line.setDashPattern({4, 3});
        draw(line);
    }
}

void StrokesItem::geometryChange(const QRectF &geometry, const QRectF &before)
{
    QQuickPaintedItem::geometryChange(geometry, before);
    if (geometry.size() != before.size())
        resized();
}

void StrokesItem::itemChange(ItemChange change, const ItemChangeData &value)
{
    QQuickPaintedItem::itemChange(change, value);
    if (change == ItemDevicePixelRatioHasChanged || change == ItemSceneChange)
        resized();
}
